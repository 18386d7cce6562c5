"""Hope Now: every workout that could keep the home, with exact terms and every reason."""

from __future__ import annotations

__version__ = "0.1.0"
