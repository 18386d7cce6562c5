"""People, the organizations they act for, and how they sign in."""
