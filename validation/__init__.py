"""Comparisons of the engine with what really happened and with what others published."""
