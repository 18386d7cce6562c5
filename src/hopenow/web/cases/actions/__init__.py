"""Actions: the only writers of a case."""
