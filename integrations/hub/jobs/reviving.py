"""Gives dead jobs a second life, once for each kind of cause, when what they died of is over."""

from __future__ import annotations

import datetime
import time
from contextlib import suppress

from django.db.models import Exists, F, OuterRef, QuerySet

from integrations.hub.errors import Conflict
from integrations.hub.jobs.replay import to_ready
from integrations.hub.models import Connection, JobKind, JobState, SyncJob

# So many are looked for at once.
CHUNK = 100
# What counts the second lives of each kind of cause.
OUTAGE, PERMISSION = "revivals", "permission_revivals"


def jobs_revive(connection: Connection, since: datetime.datetime, *, seconds: float) -> bool:
    """When the vendor is back: what died of the outage that began at `since`.

    Not begun with any more after `seconds`; True when none is left.
    """
    died = _died(connection, "transient", OUTAGE).filter(finished_at__gte=since)
    return _revive(died, OUTAGE, seconds)


def jobs_revive_forbidden(
    connection: Connection, until: datetime.datetime, *, seconds: float
) -> bool:
    """When a permission may be there that was missing: what was forbidden for want of it till then.

    Not begun with any more after `seconds`; True when none is left.

    What is forbidden once more may be off limits by itself, and would stop the connection each
    time: it waits until a person tries it. Records only, of which both sides are compared anew: a
    command that was refused has been told to a person, who may have done it by hand since.
    """
    died = _died(connection, "forbidden", PERMISSION).filter(finished_at__lte=until)
    return _revive(died.exclude(kind=JobKind.COMMAND), PERMISSION, seconds)


def _died(connection: Connection, reason: str, counter: str) -> QuerySet[SyncJob]:
    return SyncJob.objects.filter(
        connection=connection, state=JobState.DEAD, reason=reason, **{counter: 0}
    )


def _revive(died: QuerySet[SyncJob], counter: str, seconds: float) -> bool:
    """Each in a commit of its own: held together, their lanes would deadlock with a person's edits.

    Where a newer one waits in its lane, that one does the work. What another worker revives at the
    same moment is walked past: that those are taken says nothing of the rest.
    """
    until = time.monotonic() + seconds
    newer = SyncJob.objects.filter(
        lane=OuterRef("lane"), coalesce_key=OuterRef("coalesce_key"), state=JobState.READY
    )
    ids = died.exclude(Exists(newer)).order_by("id").values_list("id", flat=True)
    last = 0
    while time.monotonic() < until:
        chunk = list(ids.filter(id__gt=last)[:CHUNK])
        if not chunk:
            return True
        for last in chunk:
            _revive_one(died, counter, last)
    return False


def _revive_one(died: QuerySet[SyncJob], counter: str, pk: int) -> None:
    """Looked at once more as it is written, for another worker may revive the same."""
    with suppress(Conflict):
        to_ready(died.filter(pk=pk), counters={counter: F(counter) + 1})
