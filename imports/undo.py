"""Takes an import back from the ledger, in slices with progress; what changed since is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from crm.choices import OriginKind
from crm.services.origin import Origin
from crm.services.undo import Kept, UndoPlan, UndoReport, undo_by_origin, undo_plan
from imports.choices import ImportStatus, UndoState
from imports.chunks import BUDGET_SECONDS, LEASE_SECONDS
from imports.models import ImportJob
from integrations.hub import leases
from integrations.hub.faults import fault

# Looking at every record takes a while; above this the page tells the counts of the run instead.
PREVIEW_ROWS: Final = 20_000
KEPT_SHOWN: Final = 100


def undo_preview(job: ImportJob) -> UndoPlan | None:
    """What an undo would do now; None where the import is too large to look while one waits."""
    if job.rows_processed > PREVIEW_ROWS:
        return None
    return undo_plan(job.workspace, OriginKind.IMPORT, str(job.pk))


def undo_work(job_id: int, *, budget_seconds: float = BUDGET_SECONDS) -> bool:
    """One slice of the undo; True while there is more. May be run twice at once or again."""
    deadline = time.monotonic() + budget_seconds
    lease = leases.take(f"import:{job_id}", LEASE_SECONDS)
    if lease is None:
        return False
    try:
        job = ImportJob.objects.select_related("workspace", "user").get(pk=job_id)
        if job.undo_state != UndoState.RUNNING:
            return False
        return _slice(job, lease, deadline)
    finally:
        leases.release(lease)


@dataclass
class _Meter:
    """Writes the progress of each batch in the batch's transaction, and watches the budget."""

    job: ImportJob
    lease: leases.Lease
    deadline: float
    restored: int
    archived: int
    has_stopped: bool = False

    def __call__(self, report: UndoReport) -> bool:
        done = {
            "restored": self.restored + report.restored,
            "archived": self.archived + report.archived,
        }
        ImportJob.objects.filter(pk=self.job.pk).update(undo_report=done, heartbeat_at=Now())
        fault("import.undo_batch")
        is_time_left = time.monotonic() < self.deadline
        self.has_stopped = not (is_time_left and leases.renew(self.lease, LEASE_SECONDS))
        return not self.has_stopped


def _slice(job: ImportJob, lease: leases.Lease, deadline: float) -> bool:
    meter = _Meter(
        job,
        lease,
        deadline,
        restored=job.undo_report.get("restored", 0),
        archived=job.undo_report.get("archived", 0),
    )
    origin = Origin(
        OriginKind.COMMAND, f"undo-import-{job.pk}", job.user, f"Undo of {job.file_name}"[:250]
    )
    report = undo_by_origin(job.workspace, OriginKind.IMPORT, str(job.pk), origin, go_on=meter)
    if meter.has_stopped:
        return True
    _finish(job, meter, report)
    return False


def _finish(job: ImportJob, meter: _Meter, report: UndoReport) -> None:
    with transaction.atomic():
        locked = ImportJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        locked.status = ImportStatus.UNDONE
        locked.undo_state = UndoState.DONE
        locked.undo_report = {
            "restored": meter.restored + report.restored,
            "archived": meter.archived + report.archived,
            "kept": len(report.kept),
            "kept_examples": [_told(kept) for kept in report.kept[:KEPT_SHOWN]],
        }
        locked.heartbeat_at = Now()
        locked.save()


def _told(kept: Kept) -> dict[str, Any]:
    return {"type": kept.record_type, "id": kept.record_id, "field": kept.field}
