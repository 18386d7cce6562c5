"""Things to do in a case, each with an owner and a day."""
