"""Scheduled duties: what happens because days pass, not because somebody does something.

They are kept in the same database as everything else, so a duty that was due while nothing ran is done when a worker
comes back, and one that a killed worker left behind is taken up again. Every duty may run twice without harm, and a
queueing lock keeps the same one from waiting twice.

Shares need no duty: the database stops showing a case at the moment at which a share ends.
"""

from __future__ import annotations

import logging
import uuid

from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from hopenow.web import logs
from hopenow.web.acting import serving
from hopenow.web.cases import ledger, projection
from hopenow.web.cases.models import Case, Event

log = logging.getLogger("hopenow.jobs")
KEPT_HOURS = 30 * 24
"""How long finished jobs stay on the list, for whoever looks for what went wrong."""
SILENT_SECONDS = 60
"""A worker that was not heard of for so long is dead; it speaks up every ten seconds."""


@app.periodic(cron="10 * * * *")
@app.task(name="refresh", queueing_lock="refresh", lock="refresh")
def refresh(timestamp: int = 0) -> int:
    """Derive every case anew, because days pass without events; return how many changed.

    Hourly, as midnight comes at different hours where the servicers are. A case that cannot be derived is logged and
    does not keep the others waiting.

    Args:
        timestamp: when it was due; the schedule gives it.
    """
    with serving("jobs"):
        cases = list(Case.objects.order_by("id").values_list("id", flat=True))
    return sum(_refresh(case) for case in cases)


def _refresh(case: uuid.UUID) -> bool:
    token = logs.REQUEST.set(uuid.uuid4().hex)
    try:
        with serving("jobs", case):
            # The same lock as an action's: what is derived is never older than the ledger.
            found = Case.objects.select_for_update(of=("self",)).get(id=case)
            derived = projection.project(found, list(Event.objects.filter(case=found)))
            if all(getattr(found, name) == value for name, value in derived.items()):
                return False
            projection.store(found, derived)
    except Exception:  # one case must not stop the others
        log.exception("a case could not be derived", extra={"case": str(case), "task": "refresh"})
        return False
    finally:
        logs.REQUEST.reset(token)
    return True


@app.periodic(cron="25 3 * * *")
@app.task(name="anchor", queueing_lock="anchor", lock="anchor")
def anchor(timestamp: int = 0) -> int:
    """Anchor what is settled in the ledger; return how many events. Run again at once it finds nothing to do."""
    with serving("jobs"):
        count = ledger.anchor()
    log.info("anchored", extra={"count": count, "task": "anchor"})
    return count


@app.periodic(cron="40 3 * * *")
@app.task(name="tidy", queueing_lock="tidy", lock="tidy")
def tidy(timestamp: int = 0) -> None:
    """Remove sessions that have ended."""
    from django.core.management import call_command

    with serving("accounts"):
        call_command("clearsessions", verbosity=0)


@app.periodic(cron="*/2 * * * *")
@app.task(name="recover", queueing_lock="recover")
async def recover(timestamp: int = 0) -> int:
    """Put back in the queue what workers left behind that are no more; return how many jobs.

    It has no lock, unlike the others: one that was left behind itself must not keep the next one from running.
    """
    left = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS))
    for job in left:
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            # The next one of its kind waits already and does the same duty; this one must not hold its lock.
            await app.job_manager.finish_job(job, status=Status.ABORTED, delete_job=False)
    if left:
        log.warning("taken up again", extra={"count": len(left), "task": "recover"})
    return len(left)


@app.periodic(cron="50 3 * * *")
@app.task(name="forget_jobs", queueing_lock="forget_jobs", lock="forget_jobs")
async def forget_jobs(timestamp: int = 0) -> None:
    """Remove jobs that ended long ago; those that failed too."""
    await app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True)
