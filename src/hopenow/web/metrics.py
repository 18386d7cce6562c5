"""Figures for the operator's monitoring, in Prometheus's format; counts and times, nothing of anybody.

Requests are counted by route pattern. What stands in the database is read when it is asked for.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

import hopenow
from hopenow.web.acting import serving

REQUESTS = Counter("hopenow_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "hopenow_request_seconds",
    "Time to answer a request.",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that names the folder in which several processes keep their counts together."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer."""
    # A method that somebody made up must not make a new line for ever.
    REQUESTS.labels(method if method in _METHODS else "other", route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


class _Database(Collector):
    """What stands in the database now."""

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        release = GaugeMetricFamily("hopenow_release", "The release that runs.", labels=["version"])
        release.add_metric([hopenow.__version__], 1)
        yield release
        with serving("operations"), connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, count(*), count(*) FILTER (WHERE next_due < %s) FROM cases_case GROUP BY 1",
                [timezone.now().date()],
            )
            cases = GaugeMetricFamily("hopenow_cases", "Cases by state.", labels=["state"])
            late = GaugeMetricFamily("hopenow_cases_overdue", "Cases with a deadline that passed.", labels=["state"])
            for state, count, overdue in cursor.fetchall():
                cases.add_metric([state], count)
                late.add_metric([state], overdue)
            yield cases
            yield late
            cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
            jobs = GaugeMetricFamily("hopenow_jobs", "Jobs by status.", labels=["status"])
            for status, count in cursor.fetchall():
                jobs.add_metric([status], count)
            yield jobs
            cursor.execute(
                "SELECT coalesce(extract(epoch FROM now() - max(made_at)), -1), coalesce(max(position), 0)"
                " FROM cases_anchor"
            )
            age, position = cursor.fetchone()
            yield GaugeMetricFamily("hopenow_anchor_age_seconds", "Since the last anchor; -1: none yet.", value=age)
            yield GaugeMetricFamily("hopenow_anchor_position", "Last event that is anchored.", value=position)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the operator's monitoring; to anybody else there is no such page."""
    if not _allowed(request):
        raise Http404
    registry = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Same())
    registry.register(_Database())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Same(Collector):
    """What this one process counted."""

    def collect(self) -> Iterator[Metric]:
        """Yield the counts of ours."""
        yield from (metric for metric in REGISTRY.collect() if metric.name.startswith("hopenow_"))


def _allowed(request: HttpRequest) -> bool:
    """Whether whoever asks has the token, or, where none is set, sits on this machine with no proxy between."""
    if token := settings.HOPENOW.metrics_token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    return (
        not settings.HOPENOW.proxies
        and "X-Forwarded-For" not in request.headers
        and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    )
