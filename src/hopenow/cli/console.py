"""What commands share to speak to people: consoles, marks, and progress for terminals and log files."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console

    from hopenow.portfolio.pipeline import Progress

STATUS_WORDS = {
    "eligible": "eligible",
    "conditional": "may be possible",
    "ineligible": "ruled out",
    "not_determined": "no rules",
}
STATUS_STYLE = {
    "eligible": "bold green",
    "conditional": "yellow",
    "ineligible": "red",
    "not_determined": "dim",
}
MARK_STYLE = {"verified": "green", "secondary": "yellow", "unverified": "red"}
_LOG_WIDTH = 120
_LOG_SECONDS = 10.0


def console(*, error: bool = False) -> Console:
    """Return a console; outside a terminal its lines are wide and without color."""
    from rich.console import Console

    made = Console(stderr=error, highlight=False, emoji=False, markup=False)
    return (
        made
        if made.is_terminal
        else Console(stderr=error, highlight=False, emoji=False, markup=False, width=_LOG_WIDTH)
    )


def number(value: int) -> str:
    """Return a count with thousands separated."""
    return f"{value:,}"


def percent_of(part: int, whole: int) -> str:
    """Return a share as percent with one place; nothing of nothing is a dash."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


def duration(seconds: float) -> str:
    """Return a time span for people."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Reporter:
    """Shows how far a review is, on standard error: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        """Prepare; nothing is shown before the block is entered."""
        self.title = title
        self.quiet = quiet
        self.console = console(error=True)
        self.bar: Any = None
        self.task: Any = None
        self.last = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bar."""
        if self.console.is_terminal and not self.quiet:
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Bar

            self.bar = Bar(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[words]}"),
                console=self.console,
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task(self.title, total=None, words="")
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    @property
    def callback(self) -> Callable[[Progress], None]:
        """What the review calls after each piece."""
        return self._show

    def _show(self, progress: Progress) -> None:
        if self.bar is not None:
            share = progress.share
            self.bar.update(
                self.task, words=words(progress), total=None if share is None else 1.0, completed=share or 0
            )
        elif not self.quiet and time.monotonic() - self.last >= _LOG_SECONDS:
            self.last = time.monotonic()
            self.console.print(f"{self.title}: {words(progress)}")


def words(progress: Progress) -> str:
    """Return how far a review is, in words."""
    parts = [f"{number(progress.reviewed)} reviewed", f"{number(round(progress.rate))} a second"]
    if progress.skipped:
        parts.insert(1, f"{number(progress.skipped)} skipped")
    left = progress.seconds_left
    if left is not None and progress.share != 1.0:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)
