"""``python -m hopenow`` is the ``hopenow`` command."""

from __future__ import annotations

from hopenow.cli import main

if __name__ == "__main__":
    main()
