"""Streams of the mapped connection at each stage of a first sync, one of them held."""

from __future__ import annotations

from integrations.hub.models import (
    Connection,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncState,
)

LONG = "x" * 120
SAMPLE = {
    "external_id": LONG,
    "local_id": 7,
    "fields": [
        {"field": "title", "ours": LONG, "theirs": "Engineer", "winner": "theirs"},
        {"field": "custom.budget", "ours": None, "theirs": 12, "winner": ""},
    ],
}


def streams_staged(connection: Connection) -> None:
    """The first waits for a decision, the second is looked at, the third is held."""
    states = list(SyncState.objects.filter(connection=connection).order_by("order"))
    _rehearsed(states[0])
    _rehearsing(states[1])
    _held(states[2])


def _rehearsed(state: SyncState) -> None:
    counts = dict.fromkeys(
        ("matched", "created", "updated", "unchanged", "made_there", "sent", "ambiguous"), 1200
    )
    counts |= {"total": 480_000, "duplicate": 3, "failing": 0, "conflict": 2}
    failing = {"external_id": "9", "local_id": None, "fields": [], "message": "Empty there: name."}
    SyncRun.objects.create(
        connection=state.connection,
        object=state.object,
        kind=RunKind.REHEARSAL,
        status=RunStatus.SUCCESS,
        details={
            "counts": counts,
            "samples": {"created": [SAMPLE], "updated": [SAMPLE], "failing": [failing]},
            "forecast": {"calls": 4812, "read_calls": 4800, "write_calls": 12, "seconds": 2400},
        },
    )
    SyncState.objects.filter(pk=state.pk).update(stage=SyncStage.REHEARSED)


def _rehearsing(state: SyncState) -> None:
    SyncRun.objects.create(
        connection=state.connection,
        object=state.object,
        kind=RunKind.REHEARSAL,
        status=RunStatus.RUNNING,
        total=1200,
        created=900,
    )
    SyncState.objects.filter(pk=state.pk).update(
        stage=SyncStage.REHEARSING, last_error="The vendor did not answer in time."
    )


def _held(state: SyncState) -> None:
    words = "30 of 40 deals are gone at the vendor. Nothing was done about it here."
    compared = {"same": 10, "accepted": 1, "differing": 2, "missing_here": 1, "missing_there": 4}
    samples = {"differing": [{"external_id": LONG, "local_id": 7, "fields": ["amount", "stage"]}]}
    SyncRun.objects.create(
        connection=state.connection,
        object=state.object,
        kind=RunKind.RECONCILE,
        status=RunStatus.PARTIAL,
        total=18,
        details={"counts": compared, "samples": samples, "percent": 61.11},
    )
    SyncRun.objects.create(
        connection=state.connection,
        object=state.object,
        kind=RunKind.FULL,
        status=RunStatus.HELD,
        error=words,
        created=12,
        updated=30,
    )
    SyncRecord.objects.create(
        connection=state.connection,
        object=state.object,
        record_type=state.record_type,
        local_id=999_999,
        external_id=LONG,
        gone_at=state.connection.created_at,
    )
    SyncRecord.objects.create(
        connection=state.connection,
        object=state.object,
        record_type=state.record_type,
        local_id=999_998,
        external_id="9",
        problems={"owner": "The owner has no counterpart there.", "title": LONG},
    )
    SyncState.objects.filter(pk=state.pk).update(
        stage=SyncStage.LIVE, hold_reason=words, coverage={"percent": 61.11, "counts": compared}
    )
