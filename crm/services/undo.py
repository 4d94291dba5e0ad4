"""Takes back what one origin wrote (an import, a sync run, a bulk edit), read from the ledger.

A record it created is archived; a field it wrote gets its old value back where the present value
is still the one it wrote. What has changed since stays and is reported, as do an opt-out (an undo
opts nobody in again) and a created record that a person has worked on since (whatever rules and
syncs did to it meanwhile does not count).
Works in batches of records, each in a transaction of its own; running it again goes on where it
stopped and undoes nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from crm.choices import ChangeAction
from crm.models import Workspace
from crm.rules.consent import CONSENT
from crm.services.bulk import records_update
from crm.services.consent import consent_detail, consents_log
from crm.services.origin import Origin
from crm.services.undo_plans import BatchPlan, Kept, batch_plan, origin_batches

__all__ = ["Kept", "UndoPlan", "UndoReport", "undo_by_origin", "undo_plan"]


@dataclass(frozen=True)
class UndoPlan:
    """What an undo would do now: records by type, and fields that would be left."""

    restored: Counter[str]
    archived: Counter[str]
    kept: Counter[str]

    @property
    def is_empty(self) -> bool:
        return not (self.restored or self.archived)


@dataclass
class UndoReport:
    """What an undo did: how many records, and what it left because it had changed since."""

    restored: int = 0
    archived: int = 0
    kept: list[Kept] = field(default_factory=list)


def undo_plan(workspace: Workspace, origin_kind: str, origin_id: str) -> UndoPlan:
    """Look, without writing."""
    plan = UndoPlan(Counter(), Counter(), Counter())
    for batch in origin_batches(workspace, origin_kind, origin_id):
        found = batch_plan(batch)
        name = batch.record_type
        plan.restored.update({name: len(found.restore)} if found.restore else {})
        plan.archived.update({name: len(found.archive)} if found.archive else {})
        plan.kept.update({name: len(found.kept)} if found.kept else {})
    return plan


def undo_by_origin(
    workspace: Workspace,
    origin_kind: str,
    origin_id: str,
    origin: Origin,
    *,
    go_on: Callable[[UndoReport], bool] | None = None,
) -> UndoReport:
    """Undo all that `origin_kind` and `origin_id` wrote in the workspace.

    `go_on` is asked after each batch, in its transaction; a no stops, and a later call goes on.
    """
    report = UndoReport()
    for batch in origin_batches(workspace, origin_kind, origin_id):
        with transaction.atomic():
            found = batch_plan(batch, lock=True)
            _apply(workspace, found, origin)
            report.restored += len(found.restore)
            report.archived += len(found.archive)
            report.kept += found.kept
            wants_more = go_on is None or go_on(report)
        if not wants_more:
            break
    return report


def _apply(workspace: Workspace, plan: BatchPlan, origin: Origin) -> None:
    records_update(
        plan.model,
        workspace=workspace,
        updates=list(plan.restore.items()),
        origin=origin,
        action=ChangeAction.RESTORED,
    )
    _consents_note(plan, origin)
    now = timezone.now()
    records_update(
        plan.model,
        workspace=workspace,
        updates=[(record_id, {"archived_at": now}) for record_id in plan.archive],
        origin=origin,
        action=ChangeAction.DELETED,
    )


def _consents_note(plan: BatchPlan, origin: Origin) -> None:
    """What was said before is said again: one line in the consent log for each."""
    answers = [
        (record_id, values[name])
        for record_id, values in plan.restore.items()
        for name in CONSENT & values.keys()
        if values[name] is not None
    ]
    if answers:
        consents_log(answers, source=origin.kind, detail=consent_detail(origin))
