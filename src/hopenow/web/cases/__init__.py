"""Cases: what happened, who may see it, and who must act next."""
