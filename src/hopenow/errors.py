"""The errors that Hope Now raises on purpose.

Everything derives from :class:`HopeNowError`, so that a caller can tell a refusal, which says what is wrong
and what to do about it, from a defect of the program.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

__all__ = ["CoverageError", "HopeNowError", "InputError", "LawError", "ReferenceDataError"]


class HopeNowError(Exception):
    """Base of every error raised on purpose; its text is fit to be shown to the person who can act on it."""


class LawError(HopeNowError):
    """A law file, or a value that it holds, is not what the loader demands."""


class ReferenceDataError(HopeNowError):
    """A reference series is missing, damaged, or does not hold what was asked for."""


class CoverageError(HopeNowError):
    """A date lies outside the range that a rule or series covers; no other day's rule is used in its place.

    Args:
        subject: what was asked for, for example ``"the modification interest rate"``. With neither
            ``asked`` nor a range it is the whole message.
        asked: the date that is not covered.
        covered_from: first day covered; None when it has no beginning.
        covered_to: last day covered; None when it has no end.
        hint: what to do about it, as a sentence.
    """

    def __init__(
        self,
        subject: str,
        asked: date | None = None,
        covered_from: date | None = None,
        covered_to: date | None = None,
        hint: str = "",
    ) -> None:
        self.subject = subject
        self.asked = asked
        self.covered_from = covered_from
        self.covered_to = covered_to
        self.hint = hint
        super().__init__(subject, asked, covered_from, covered_to, hint)

    def __str__(self) -> str:
        text = self.subject
        if self.asked is not None:
            text += f" does not cover {self.asked.isoformat()}"
        if self.covered_from is not None and self.covered_to is not None:
            text += f"; covered: {self.covered_from.isoformat()} to {self.covered_to.isoformat()}"
        elif self.covered_from is not None:
            text += f"; covered: from {self.covered_from.isoformat()}"
        elif self.covered_to is not None:
            text += f"; covered: until {self.covered_to.isoformat()}"
        return f"{text}. {self.hint}" if self.hint else text


class InputError(HopeNowError):
    """What was handed in cannot be used; carries every finding, not only the first.

    Args:
        message: the summary, or the only finding.
        findings: every finding. Text or objects whose ``str`` is fit for display; empty means the message
            is the finding.
        shown: how many findings the text of the error spells out; all of them stay in ``findings``.
    """

    def __init__(self, message: str, findings: Iterable[object] = (), *, shown: int = 20) -> None:
        self.message = message
        self.findings: tuple[object, ...] = tuple(findings)
        self.shown = shown
        super().__init__(message, self.findings)

    def __str__(self) -> str:
        lines = [self.message, *(f"- {finding}" for finding in self.findings[: self.shown])]
        left = len(self.findings) - self.shown
        if left > 0:
            lines.append(f"- and {left} more")
        return "\n".join(lines)
