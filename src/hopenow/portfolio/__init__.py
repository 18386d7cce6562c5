"""A whole tape: read, reviewed and written piece by piece, with counts that reconcile."""

from __future__ import annotations
