"""Slow, independent second implementations, and their comparison with the engine.

The implementations (``basics``, ``conventional``, ``conventional_rules``) never import ``hopenow``; only what compares
them with the engine (``agreement``, ``random_cases``) does.
"""
