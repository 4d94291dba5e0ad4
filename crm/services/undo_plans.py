"""Decides what an undo does to each record of a batch; see undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Max, QuerySet

from crm.choices import ChangeAction
from crm.models import Change, OwnedRecord, Record, Workspace
from crm.rules.consent import CONSENT
from crm.services.columns import columns_of
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX, json_value, record_type
from crm.services.links import alive_ids
from crm.services.undo_work import PEOPLE, worked_around

BATCH = 1000
# Where a record itself, not one of its fields, is left.
WHOLE_RECORD = "record"


class Kept(NamedTuple):
    """A field that was left: it has changed since, or is an opt-out, which nothing takes back."""

    record_type: str
    record_id: int
    field: str


@dataclass(frozen=True)
class Batch:
    """All changes of one origin to some records of one type, newest first by record."""

    workspace: Workspace
    model: type[Record]
    changes: Mapping[int, Sequence[Change]]

    @property
    def record_type(self) -> str:
        return record_type(self.model)


@dataclass
class BatchPlan:
    """What to do: values to restore by record, records to archive, fields left."""

    model: type[Record]
    restore: dict[int, dict[str, Any]] = field(default_factory=dict)
    archive: list[int] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


def origin_batches(workspace: Workspace, kind: str, origin_id: str) -> Iterator[Batch]:
    """The records the origin wrote, what was written last first, some at a time."""
    changes = Change.objects.filter(workspace=workspace, origin_kind=kind, origin_id=origin_id)
    names = changes.values("record_type").annotate(last=Max("id")).order_by("-last")
    for name in [row["record_type"] for row in names]:
        model, of_type = apps.get_model("crm", name), changes.filter(record_type=name)
        ids = of_type.order_by("record_id").values_list("record_id", flat=True).distinct()
        all_ids = list(ids)
        for start in range(0, len(all_ids), BATCH):
            some = all_ids[start : start + BATCH]
            yield Batch(workspace, model, _by_record(of_type, some))


def batch_plan(batch: Batch, *, lock: bool = False) -> BatchPlan:
    """Compare what was written with what is there now; `lock` keeps it so until the end."""
    plan = BatchPlan(batch.model)
    present = _present(batch, lock=lock)
    touched = _touched_by_people(batch, [pk for pk in batch.changes if _is_created(batch, pk)])
    for record_id, changes in batch.changes.items():
        now = present.get(record_id)
        if _is_created(batch, record_id):
            _plan_archive(plan, batch, record_id, now=now, is_touched=record_id in touched)
        elif now is None:
            plan.kept.append(Kept(batch.record_type, record_id, WHOLE_RECORD))
        else:
            _plan_restore(plan, batch, record_id, changes=changes, now=now)
    _leave_dead_links(plan, batch)
    return plan


def _plan_archive(
    plan: BatchPlan,
    batch: Batch,
    record_id: int,
    *,
    now: dict[str, Any] | None,
    is_touched: bool,
) -> None:
    """Archive what was created, unless it is gone by now or a person has worked on it."""
    if now is None or now.get("archived_at"):
        return
    if is_touched or "archived_at" not in now:
        plan.kept.append(Kept(batch.record_type, record_id, WHOLE_RECORD))
    else:
        plan.archive.append(record_id)


def _plan_restore(
    plan: BatchPlan, batch: Batch, record_id: int, *, changes: Sequence[Change], now: dict[str, Any]
) -> None:
    """Walk back from the newest change; a field that is not as written stops being restored."""
    before = {name: pair[0] for change in changes for name, pair in change.diff.items()}
    values: dict[str, Any] = {}
    left: set[str] = set()
    for change in changes:
        for name, (old, new) in change.diff.items():
            at = values.get(name, _value(now, name))
            # Undone already, by an earlier run or by a person.
            is_back = name not in values and at == before[name]
            if name in left or is_back:
                continue
            is_refusal = name in CONSENT and _value(now, name) is False
            if at == new and not is_refusal and _is_writable(batch.model, name):
                values[name] = old
            else:
                left.add(name)
    restore = _nested({name: old for name, old in values.items() if old != _value(now, name)})
    if restore:
        plan.restore[record_id] = restore
    plan.kept += [Kept(batch.record_type, record_id, name) for name in sorted(left)]


def _leave_dead_links(plan: BatchPlan, batch: Batch) -> None:
    """A link to what is gone, or to a person who left the workspace, cannot come back."""
    for name, column in columns_of(batch.model).items():
        if column.link is None:
            continue
        ids = {values[name] for values in plan.restore.values() if values.get(name)}
        if not ids:
            continue
        dead = ids - alive_ids(batch.workspace, column.link, ids)
        for record_id in [pk for pk, values in plan.restore.items() if values.get(name) in dead]:
            del plan.restore[record_id][name]
            plan.kept.append(Kept(batch.record_type, record_id, name))
    plan.restore = {pk: values for pk, values in plan.restore.items() if values}


def _by_record(changes: QuerySet[Change], record_ids: Sequence[int]) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    rows = changes.only("record_id", "action", "diff", "origin_kind", "origin_id")
    for change in rows.filter(record_id__in=record_ids).order_by("record_id", "-id"):
        found[change.record_id].append(change)
    return found


def _present(batch: Batch, *, lock: bool) -> dict[int, dict[str, Any]]:
    """The records' values now, as the ledger would tell them."""
    written = {name for changes in batch.changes.values() for each in changes for name in each.diff}
    wanted = {name.partition(".")[0] for name in written} | {"archived_at"}
    columns = [column for name, column in columns_of(batch.model).items() if name in wanted]
    rows = batch.model._default_manager.filter(
        workspace=batch.workspace, pk__in=list(batch.changes)
    ).order_by("pk")
    rows = rows.select_for_update(no_key=True) if lock else rows
    names = [column.name for column in columns]
    return {
        pk: dict(zip(names, map(json_value, rest), strict=True))
        for pk, *rest in rows.values_list("pk", *(column.attname for column in columns))
    }


def _is_created(batch: Batch, record_id: int) -> bool:
    return batch.changes[record_id][-1].action == ChangeAction.CREATED


def _touched_by_people(batch: Batch, record_ids: Sequence[int]) -> set[int]:
    """Created records that a person has since changed or worked with, apart from this origin."""
    if not record_ids or not issubclass(batch.model, OwnedRecord):
        return set()
    created = {pk: batch.changes[pk][-1] for pk in record_ids}
    ours = next(iter(created.values()))
    later = (
        Change.objects.filter(
            workspace=batch.workspace,
            record_type=batch.record_type,
            record_id__in=record_ids,
            origin_kind__in=PEOPLE,
        )
        .exclude(origin_kind=ours.origin_kind, origin_id=ours.origin_id)
        .values_list("record_id", "id")
    )
    changed = {pk for pk, change_id in later if change_id > created[pk].pk}
    origin = (ours.origin_kind, ours.origin_id)
    around = worked_around(batch.workspace, batch.model, record_ids, but_not=origin)
    return changed | around


def _value(now: Mapping[str, Any], name: str) -> Any:
    if name.startswith(CUSTOM_PREFIX):
        return now[CUSTOM].get(name.removeprefix(CUSTOM_PREFIX))
    return now.get(name)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields under `custom`, as writers take them."""
    custom = {
        name.removeprefix(CUSTOM_PREFIX): value
        for name, value in values.items()
        if name.startswith(CUSTOM_PREFIX)
    }
    fields = {name: value for name, value in values.items() if not name.startswith(CUSTOM_PREFIX)}
    return {**fields, CUSTOM: custom} if custom else fields


def _is_writable(model: type[Record], name: str) -> bool:
    return name.startswith(CUSTOM_PREFIX) or name in columns_of(model)
