"""Papers of a case: received once, cleaned, encrypted, with a receipt, and never asked for again while valid."""
