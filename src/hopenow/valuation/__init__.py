"""What each option is worth, and to whom."""
