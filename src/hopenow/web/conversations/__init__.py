"""Messages in a case: encrypted, for everyone in it or for one organization, and counted while unanswered."""
