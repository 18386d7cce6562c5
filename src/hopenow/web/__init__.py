"""The platform: people, one case, and a ledger that forgets nothing.

Nothing here computes law or money; that is asked of the rooms below. Needs the extra ``hopenow[web]``.
"""
