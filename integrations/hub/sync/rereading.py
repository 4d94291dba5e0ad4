"""Has streams read theirs whole once more, from the beginning."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from integrations.hub.models import RunStatus, SyncRun, SyncStage, SyncState


@transaction.atomic
def streams_read_whole(states: QuerySet[SyncState]) -> None:
    """Of those that are live theirs is read whole, from the beginning, and ours looked through
    after it: a vendor tells of a deletion once, and calls no web-hook that was taken away.

    A listing that was half read is begun anew, and a worker that is at a page loses the stream.
    """
    live = states.filter(stage=SyncStage.LIVE)
    runs_drop(live)
    live.update(is_full_wanted=True, next_run_at=Now())


def told_in_vain(state: SyncState) -> None:
    """It is out of service while something is told of its things: a whole listing makes up for it,
    begun when it is back, for the vendor may not tell once more what is gone."""
    unknown = SyncState.objects.filter(pk=state.pk)
    streams_read_whole(unknown.exclude(is_full_wanted=True, run_cursor=None))


@transaction.atomic
def runs_drop(states: QuerySet[SyncState]) -> None:
    """What is being read is not read on; the log says so."""
    held = states.select_for_update(no_key=True, of=("self",)).order_by("pk")
    cursors = [cursor for cursor in held.values_list("run_cursor", flat=True) if cursor]
    states.update(run_cursor=None, lease_token=None, lease_until=None)
    runs = SyncRun.objects.filter(pk__in=[one["run"] for one in cursors if "run" in one])
    runs.filter(status=RunStatus.RUNNING).update(
        status=RunStatus.CANCELLED, error="It was begun anew.", finished_at=Now()
    )
