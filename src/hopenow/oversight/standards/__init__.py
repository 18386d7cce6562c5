"""Lending standards: ability to repay, qualified mortgages, key facts before signing, features that led to distress."""

from __future__ import annotations

from hopenow.oversight.standards.checks import check, check_loan, escrow_rules, fee_cap
from hopenow.oversight.standards.observatory import Observatory, observe
from hopenow.oversight.standards.offer import KeyFacts, Offer, key_facts, read_offer
from hopenow.oversight.standards.run import Lending, examine_loans, write_lending, write_observatory

__all__ = [
    "KeyFacts",
    "Lending",
    "Observatory",
    "Offer",
    "check",
    "check_loan",
    "escrow_rules",
    "examine_loans",
    "fee_cap",
    "key_facts",
    "observe",
    "read_offer",
    "write_lending",
    "write_observatory",
]
