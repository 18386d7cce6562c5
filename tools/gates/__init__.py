"""The project's own checks over its own tree.

Each gate is a function from a folder (or files) to a :class:`~tools.gates.core.Report`. Each one is proven
red on a planted violation in ``tests/gates/``. A gate that found nothing to look at is red too: a check whose
subject moved away must not stay green. ``python -m tools.gates`` (``make gates``) runs them all on this tree.
"""
