"""Slow, independent second implementations, for comparing the engine with. They never import ``hopenow``."""
