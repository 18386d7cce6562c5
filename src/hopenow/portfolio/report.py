"""The report of a review as one page, and the pages of single loans beside it.

Everything comes from the `Summary`; the result file is only looked into to choose the loans that get pages.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl

from hopenow.pages import day, write_whole
from hopenow.portfolio.pages import POSSIBLE, STATUS_WORDS, environment, explain_html, loan_page
from hopenow.portfolio.sections import Sections
from hopenow.portfolio.summary import Summary
from hopenow.review.engine import Settings
from hopenow.review.explain import Explanation, explain

__all__ = [
    "LoanLink",
    "choose_loans",
    "explain_html",
    "loan_page",
    "page_name",
    "portfolio_report",
    "report_html",
    "write_loan_pages",
]

FactsOf = Callable[[Sequence[str]], pl.DataFrame]
"""Gives the canonical facts of the named loans."""

LOANS_FOLDER = "loans"
_LOOKED_AT = 200_000


@dataclasses.dataclass(frozen=True)
class LoanLink:
    """A loan that has its own page."""

    loan_id: str
    address: str
    program: str
    evaluation_date: datetime.date
    first: str
    status: str
    tone: str
    possible: int
    questions: int


def page_name(loan_id: str) -> str:
    """Return a file name for a loan's page: safe on every file system, different for different loans.

    Identifiers of capital letters, digits, ``-`` and ``_`` stay as they are. Anything else (paths, markup,
    letters that some file systems take for the same) is cut down to harmless characters, with a digest.
    """
    if re.fullmatch(r"[A-Z0-9][A-Z0-9_-]{0,63}", loan_id) and not re.fullmatch(
        r"CON|PRN|AUX|NUL|(COM|LPT)[0-9]", loan_id
    ):
        return f"{loan_id}.html"
    kept = re.sub(r"[^a-z0-9]+", "-", loan_id.lower()).strip("-")[:32] or "loan"
    digest = hashlib.sha256(loan_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{kept}.{digest}.html"


# --- loans that get a page ------------------------------------------------------------------------


def choose_loans(result: str | Path, wanted: int) -> list[str]:
    """Choose loans to show: as many different first options as possible, each in the order of the file.

    Args:
        result: result file (Parquet); only its first rows are looked at.
        wanted: how many.

    Returns:
        Loan identifiers, the choice depending on the file alone.
    """
    if wanted <= 0:
        return []
    head = pl.scan_parquet(result).select("loan_id", "first_possible").head(_LOOKED_AT).collect()
    head = head.with_columns(pl.col("loan_id").cast(pl.String), pl.col("first_possible").cast(pl.String)).unique(
        "loan_id", keep="first", maintain_order=True
    )
    turn = head.with_row_index("place").with_columns(pl.int_range(pl.len()).over("first_possible").alias("turn"))
    return turn.sort("turn", "place").head(wanted).sort("place")["loan_id"].to_list()


def write_loan_pages(explanations: Iterable[Explanation], folder: str | Path, back: str = "") -> list[LoanLink]:
    """Write a page for each loan.

    Args:
        explanations: of any number of loans; all of one loan make one page.
        folder: made if it is not there.
        back: relative address of the report.

    Returns:
        A link for each loan, relative to the folder's parent, in the order given.
    """
    by_loan: dict[str, list[Explanation]] = {}
    for explanation in explanations:
        by_loan.setdefault(explanation.loan_id, []).append(explanation)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    links = []
    for loan_id, own in by_loan.items():
        name = page_name(loan_id)
        write_whole(place / name, loan_page(own, back))
        links.append(_link(own, f"{place.name}/{name}"))
    return links


def _link(own: Sequence[Explanation], address: str) -> LoanLink:
    first = own[0]
    ranked = [option for option in first.ranked() if option.status in POSSIBLE]
    status, tone = STATUS_WORDS[ranked[0].status] if ranked else STATUS_WORDS["ineligible"]
    return LoanLink(
        loan_id=first.loan_id,
        address=address,
        program=", ".join(dict.fromkeys(item.program_title for item in own)),
        evaluation_date=first.evaluation_date,
        first=ranked[0].title if ranked else "none",
        status=status,
        tone=tone,
        possible=len(ranked),
        questions=len(first.questions()),
    )


# --- the report -----------------------------------------------------------------------------------


def portfolio_report(
    summary: Summary,
    result_parquet: str | Path | None,
    out_html: str | Path,
    loan_pages: int = 0,
    *,
    facts: pl.DataFrame | FactsOf | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the report of a review, and pages of some loans in ``loans/`` beside it.

    Args:
        summary: what the review counted.
        result_parquet: result file, from which loans are chosen; may be None when ``facts`` is a frame.
        out_html: where the report goes.
        loan_pages: how many loans get a page of their own.
        facts: where those pages' facts come from: a canonical frame of the loans to show, or a function
            that gives one for the chosen identifiers. Without it no loan pages are written.
        settings: of the review, so that the pages say the same.

    Returns:
        The path of the report.
    """
    out = Path(out_html)
    out.parent.mkdir(parents=True, exist_ok=True)
    links: list[LoanLink] = []
    if loan_pages > 0 and facts is not None:
        if isinstance(facts, pl.DataFrame):
            chosen = facts.unique("loan_id", keep="first", maintain_order=True).head(loan_pages)
        else:
            chosen = facts(choose_loans(result_parquet, loan_pages)) if result_parquet is not None else pl.DataFrame()
        if not chosen.is_empty():
            links = write_loan_pages(explain(chosen, settings), out.parent / LOANS_FOLDER, back=f"../{out.name}")
    write_whole(out, report_html(summary, links))
    return out


def report_html(summary: Summary, links: Sequence[LoanLink] = ()) -> str:
    """Return the report as HTML.

    Args:
        summary: what the review counted.
        links: loans with their own pages.
    """
    told = Sections(summary)
    return (
        environment()
        .get_template("report.html")
        .render(
            summary=summary,
            headline=told.headline(),
            reconcile=told.reconcile(),
            sections=told.sections(),
            rules=told.binding_tables(),
            rule_sets=told.rule_set_table(),
            references=told.reference_table(),
            findings=told.findings_table(),
            sources=told.source_table(),
            links=list(links),
            unit=told.unit,
            period=_period(summary),
        )
    )


def _period(summary: Summary) -> str:
    if summary.first_date is None or summary.last_date is None:
        return "nothing was reviewed"
    first, last = (day(datetime.date.fromisoformat(value)) for value in (summary.first_date, summary.last_date))
    return first if first == last else f"{first} to {last}"
