"""Appends many rows to the ledger by COPY and tells who listens, once."""

from __future__ import annotations

from collections.abc import Sequence

from crm.choices import ChangeAction
from crm.models import Change, Record, Workspace
from crm.services.copying import ids_take, rows_copy
from crm.services.ledger import record_type
from crm.services.origin import Origin
from crm.signals import ChangeBatch, changed

COLUMNS = (
    "id",
    "workspace_id",
    "record_type",
    "record_id",
    "action",
    "diff",
    "origin_kind",
    "origin_id",
    "reason",
    "actor_id",
)


def ledger_copy(
    model: type[Record],
    *,
    workspace: Workspace,
    action: ChangeAction,
    record_ids: Sequence[int],
    diffs: Sequence[str],
    fields: frozenset[str],
    origin: Origin,
) -> None:
    """Store one row per record; `diffs` runs in parallel to the ids and holds JSON text."""
    if not record_ids:
        return
    name = record_type(model)
    change_ids = ids_take(Change, len(record_ids))
    reason = origin.reason[:250]
    actor_id = origin.actor.pk if origin.actor else None
    kind, done, source = str(origin.kind), str(action), origin.id
    rows_copy(
        Change,
        COLUMNS,
        (
            (pk, workspace.pk, name, record_id, done, diff, kind, source, reason, actor_id)
            for pk, record_id, diff in zip(change_ids, record_ids, diffs, strict=True)
        ),
    )
    batch = ChangeBatch(
        workspace_id=workspace.pk,
        record_type=name,
        action=action,
        record_ids=record_ids,
        change_ids=change_ids,
        fields=fields,
        origin=origin,
    )
    changed.send(sender=model, batch=batch)
