"""Takes back what one run wrote here, read from the ledger, in slices; the vendor is not touched.

The stream is held: values that come back would be sent to the vendor, and a person says when.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django_q.tasks import async_task

from crm.choices import ChangeAction, OriginKind
from crm.models import Change, User
from crm.services.origin import Origin
from crm.services.undo import Kept, UndoPlan, UndoReport, undo_by_origin, undo_plan
from integrations.hub import leases
from integrations.hub.acts import act_remember
from integrations.hub.errors import Conflict
from integrations.hub.faults import fault
from integrations.hub.models import (
    ARCHIVED_WORDS,
    LinkState,
    RunKind,
    RunStatus,
    SyncRecord,
    SyncRun,
    SyncState,
)
from integrations.hub.sweeps import sweep_register
from integrations.hub.sync.holds import hold
from integrations.hub.sync.links import tombstones_make

TASK: Final = "integrations.hub.tasks.run_undo"
# Looking at every record takes a while; above this the page tells the counts of the run instead.
PREVIEW_RECORDS: Final = 20_000
BUDGET_SECONDS: Final = 20.0
LEASE_SECONDS: Final = 60.0
KEPT_SHOWN: Final = 100

UNDOABLE: Final = (RunKind.PULL, RunKind.FULL, RunKind.INBOX, RunKind.PUSH)
NOT_UNDOABLE: Final = "Only pulls that are over, and events and pushes of an hour, can be undone."
RUNNING, DONE = "running", "done"


def run_origin_id(run: SyncRun) -> str:
    """What the ledger calls the writes of a run."""
    return f"{run.connection_id}:{run.pk}"


def is_undoable(run: SyncRun) -> bool:
    return run.kind in UNDOABLE and run.status != RunStatus.RUNNING and bool(run.object)


def undo_asked(run: SyncRun) -> str:
    """That somebody asked for the undo before, in words; empty when nobody did.

    What was done is told once: a second undo would find nothing and say so in place of it.
    """
    state = run.details.get("undo", {}).get("state")
    words = {RUNNING: "This run is being undone already.", DONE: "This run was undone already."}
    return words.get(state, "")


def undo_preview(run: SyncRun) -> UndoPlan | None:
    """What an undo would do now; None where there is too much to look while one waits."""
    if run.created + run.updated + run.deleted > PREVIEW_RECORDS:
        return None
    return undo_plan(run.connection.workspace, OriginKind.CONNECTION, run_origin_id(run))


def run_undo_start(run: SyncRun, *, actor: User) -> None:
    """Hold the stream and begin; raises Conflict for a run that cannot be undone now."""
    with transaction.atomic():
        # The stream first, as whoever lets it go on takes its lines after it.
        state = _state_locked(run)
        locked = SyncRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if not is_undoable(locked):
            raise Conflict(NOT_UNDOABLE)
        if undo_asked(locked):
            raise Conflict(undo_asked(locked))
        undo = {"state": RUNNING, "by": actor.pk, "restored": 0, "archived": 0}
        _undo_store(locked, undo)
        if state is not None:
            act_remember(state, before=locked.status, after="undo", actor=actor)
            hold(state, _held_words(locked))
        _ask(locked.pk)
    run.refresh_from_db()


def run_undo_work(run_id: int, *, budget_seconds: float = BUDGET_SECONDS) -> bool:
    """One slice; True while there is more. May be run twice at once, or again."""
    lease = leases.take(f"undo:{run_id}", LEASE_SECONDS)
    if lease is None:
        return False
    try:
        run = SyncRun.objects.select_related("connection__workspace").get(pk=run_id)
        if run.details.get("undo", {}).get("state") != RUNNING:
            return False
        is_more = _slice(run, lease, time.monotonic() + budget_seconds)
    finally:
        leases.release(lease)
    if is_more:
        _ask(run_id)
    return is_more


def undo_sweep() -> int:
    """Undos whose task was lost are asked for again; one that runs holds its lease."""
    rows = SyncRun.objects.filter(kind__in=UNDOABLE, details__undo__state=RUNNING)
    ids = list(rows.values_list("pk", flat=True)[:20])
    for run_id in ids:
        async_task(TASK, run_id, task_name=f"hub.undo.{run_id}")
    return len(ids)


@dataclass
class _Meter:
    """After each batch, in its transaction: links of what was archived end, progress is told."""

    run: SyncRun
    undo: dict[str, Any]
    lease: leases.Lease
    deadline: float
    before: dict[str, int] = field(default_factory=dict)
    last_change: int = 0
    done: int = 0
    has_stopped: bool = False

    def __call__(self, report: UndoReport) -> bool:
        self.last_change = _links_end(self.run, after=self.last_change)
        done = report.restored + report.archived
        has_worked, self.done = done > self.done, done
        for name in ("restored", "archived"):
            self.undo[name] = self.before.get(name, 0) + getattr(report, name)
        _undo_store(self.run, self.undo)
        fault("sync.undo_batch")
        # What an earlier slice has undone is only passed over, however long that takes.
        is_time_left = not has_worked or time.monotonic() < self.deadline
        self.has_stopped = not (leases.renew(self.lease, LEASE_SECONDS) and is_time_left)
        return not self.has_stopped


def _slice(run: SyncRun, lease: leases.Lease, deadline: float) -> bool:
    undo = dict(run.details["undo"])
    meter = _Meter(run, undo, lease, deadline, before=dict(undo), last_change=_last_change(run))
    workspace, actor = run.connection.workspace, User.objects.filter(pk=undo["by"]).first()
    origin = Origin(OriginKind.COMMAND, _undo_id(run), actor, f"Undo of a run of {run.connection}")
    report = undo_by_origin(
        workspace, OriginKind.CONNECTION, run_origin_id(run), origin, go_on=meter
    )
    if meter.has_stopped:
        return True
    kept = [_told(one) for one in report.kept[:KEPT_SHOWN]]
    with transaction.atomic():
        _undo_store(run, {**undo, "state": DONE, "kept": len(report.kept), "kept_examples": kept})
        SyncRun.objects.filter(pk=run.pk).update(undone_at=Now())
    return False


def _archives(run: SyncRun) -> QuerySet[Change]:
    """What undos of the run have archived."""
    return Change.objects.filter(
        workspace=run.connection.workspace_id,
        origin_kind=OriginKind.COMMAND,
        origin_id=_undo_id(run),
        action=ChangeAction.DELETED,
    ).order_by("pk")


def _last_change(run: SyncRun) -> int:
    return _archives(run).values_list("pk", flat=True).last() or 0


def _links_end(run: SyncRun, *, after: int) -> int:
    """A tombstone keeps the next pull from bringing back what was just archived."""
    changes = _archives(run).filter(pk__gt=after)
    rows = list(changes.values_list("pk", "record_type", "record_id"))
    by_type: dict[str, list[int]] = {}
    for _, record_type, record_id in rows:
        by_type.setdefault(record_type, []).append(record_id)
    for record_type, ids in by_type.items():
        links = SyncRecord.objects.filter(
            connection=run.connection_id, record_type=record_type, local_id__in=ids
        ).exclude(state=LinkState.TOMBSTONE)
        tombstones_make(links.values_list("pk", flat=True), ARCHIVED_WORDS)
    return rows[-1][0] if rows else after


def _undo_store(run: SyncRun, undo: dict[str, Any]) -> None:
    run.details = {**run.details, "undo": dict(undo)}
    SyncRun.objects.filter(pk=run.pk).update(details=run.details)


def _undo_id(run: SyncRun) -> str:
    return f"undo-run-{run.pk}"


def _state_locked(run: SyncRun) -> SyncState | None:
    rows = SyncState.objects.filter(connection=run.connection_id, object=run.object)
    locked = rows.select_for_update(no_key=True, of=("self",))
    return locked.select_related("connection__workspace").first()


def _held_words(run: SyncRun) -> str:
    return (
        f"Run {run.pk} was undone. Records that have earlier values again differ from the vendor "
        "now: going on sends these values there. What was archived stays archived."
    )


def _told(kept: Kept) -> dict[str, Any]:
    return {"type": kept.record_type, "id": kept.record_id, "field": kept.field}


def _ask(run_id: int) -> None:
    transaction.on_commit(
        lambda: async_task(TASK, run_id, task_name=f"hub.undo.{run_id}"), robust=True
    )


sweep_register("sync.undo", undo_sweep)
