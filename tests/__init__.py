"""Tests; they mirror the tree below ``src/hopenow``."""
