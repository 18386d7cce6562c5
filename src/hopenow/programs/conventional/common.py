"""Expressions and law files that several conventional options share."""

from __future__ import annotations

import polars as pl

from hopenow.facts.derived import months_since
from hopenow.law import Document, OptionLaw, Parameters, package_documents, package_option
from hopenow.programs.base import RuleFunction

c = pl.col

PACKAGE = "hopenow.programs.conventional"


def documents() -> dict[str, Document]:
    """Return the documents that conventional law files cite."""
    return package_documents(PACKAGE)


def law(name: str) -> OptionLaw:
    """Load the law file of one conventional option."""
    return package_option(PACKAGE, name)


def months_before(date: str) -> pl.Expr:
    """Return the whole months from a date fact to the evaluation date."""
    return months_since(c(date), c("evaluation_date"))


def first_conventional_lien(p: Parameters) -> pl.Expr:
    """Test for a conventional first lien."""
    return (c("lien_position") == 1) & (c("loan_type") == "conventional")


def nothing_in_the_way(p: Parameters) -> pl.Expr:
    """Test that no recourse, approved liquidation, running plan, open offer or trial stands in the way."""
    blockers = (
        "recourse_or_indemnification",
        "approved_liquidation",
        "active_repayment_plan",
        "pending_retention_offer",
        "active_trial",
    )
    return ~pl.any_horizontal(*blockers)


def insurer_agrees(p: Parameters) -> pl.Expr:
    """Test that no mortgage insurer's own approval is needed."""
    return ~c("mortgage_insured") | c("mortgage_insurer_delegated")


def value_is_fresh(p: Parameters) -> pl.Expr:
    """Test that the property value is recent (the finding of the valuation option)."""
    return c("valuation__met")


def texas_lawful(p: Parameters) -> pl.Expr:
    """Test that the change is lawful where the loan is a Texas 50(a)(6) loan."""
    return ~c("texas_50a6") | c("texas_50a6_lawful")


def contact_made(p: Parameters) -> pl.Expr:
    """Test for quality right party contact."""
    return c("quality_right_party_contact")


def disaster_hardship(p: Parameters) -> pl.Expr:
    """Test that a disaster caused the hardship and reached the home or the workplace."""
    return (
        (c("hardship_kind") == "disaster")
        & c("disaster_caused_hardship")
        & (c("disaster_insured_loss") | c("disaster_area_property") | c("disaster_area_workplace"))
    )


def current_at_disaster(p: Parameters) -> pl.Expr:
    """Test that the loan was current or nearly so when the disaster happened."""
    return c("months_delinquent_at_disaster") < p["months_delinquent_at_disaster_below"]


def package_complete(p: Parameters) -> pl.Expr:
    """Test for a complete Borrower Response Package."""
    return c("borrower_response_package_complete")


def unless(condition: RuleFunction, otherwise: RuleFunction) -> RuleFunction:
    """Return the rule that holds where either of two rules holds."""

    def either(p: Parameters) -> pl.Expr:
        return condition(p) | otherwise(p)

    return either
