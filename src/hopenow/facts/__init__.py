"""What can be known of a loan, a household and a property."""

from __future__ import annotations

from hopenow.facts.schema import NEVER, Fact, FactType, Schema, schema

__all__ = ["NEVER", "Fact", "FactType", "Schema", "schema"]
