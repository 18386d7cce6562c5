"""The staff workbench: find cases, see everything about one, and do what is to be done."""
