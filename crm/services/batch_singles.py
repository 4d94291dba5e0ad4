"""Writes rows of a batch one by one through the entity's own services, each in its savepoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from crm.models import Activity, Contact, Lead, Record, Workspace
from crm.services.activities import activity_report
from crm.services.batch_attempts import BatchResult, Errors, Values, attempted, missing, refused
from crm.services.batch_checks import ids_given
from crm.services.cleaning import field_named
from crm.services.entities import services_of
from crm.services.ledger import CUSTOM, stored_value
from crm.services.origin import Origin

# Whom a line of the timeline moves; locked before the first one is written, in one order.
MOVED: tuple[tuple[str, type[Record]], ...] = (("contact", Contact), ("lead", Lead))


def single_create(
    model: type[Record],
    *,
    workspace: Workspace,
    creates: Sequence[Values],
    origin: Origin,
    drop_bad_fields: bool,
) -> list[BatchResult]:
    if model is Activity:
        _moved_lock(workspace, creates)

    def make(values: Values) -> tuple[Record, bool]:
        with transaction.atomic():
            return _make(model, workspace=workspace, values=dict(values), origin=origin)

    results = []
    for values in creates:
        attempt = attempted(make, model, values, drop_bad_fields=drop_bad_fields)
        record, is_new = attempt.made or (None, False)
        results.append(_told(record, attempt.errors, given=values, is_changed=is_new))
    return results


def single_update(
    model: type[Record],
    *,
    workspace: Workspace,
    updates: Sequence[tuple[int, Values]],
    origin: Origin,
    drop_bad_fields: bool,
) -> list[BatchResult]:
    """Write each id's values, in the order of the ids; no id may be named twice."""
    present = _locked(model, workspace, [record_id for record_id, _ in updates])
    update = services_of(model).update
    results: dict[int, BatchResult] = {}
    for record_id, values in sorted(updates, key=lambda pair: pair[0]):
        record = present.get(record_id)
        if record is None:
            results[record_id] = missing(model)
            continue
        before = record.version
        attempt = attempted(
            _updating(update, record, origin), model, values, drop_bad_fields=drop_bad_fields
        )
        is_changed = attempt.made is not None and attempt.made.version != before
        results[record_id] = _told(
            attempt.made, attempt.errors, given=values, is_changed=is_changed
        )
    return [results[record_id] for record_id, _ in updates]


def _make(
    model: type[Record], *, workspace: Workspace, values: Values, origin: Origin
) -> tuple[Record, bool]:
    """The record, and whether it is new: a line of the timeline may have been reported before."""
    if model is Activity:
        return activity_report(workspace=workspace, values=values, origin=origin)
    return services_of(model).create(workspace=workspace, values=values, origin=origin), True


def _updating(
    update: Callable[..., Any], record: Record, origin: Origin
) -> Callable[[Values], Record]:
    def make(values: Values) -> Record:
        with transaction.atomic():
            made: Record = update(record, values=dict(values), origin=origin)
        return made

    return make


def _locked(model: type[Record], workspace: Workspace, ids: Iterable[int]) -> dict[int, Record]:
    rows = (
        model._default_manager.filter(workspace=workspace, pk__in=list(ids))
        .select_related("workspace")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def _moved_lock(workspace: Workspace, rows: Iterable[Values]) -> None:
    rows = list(rows)
    for name, model in MOVED:
        known = ids_given(model, [row.get(name, row.get(f"{name}_id")) for row in rows])
        if known:
            list(
                model._default_manager.filter(workspace=workspace, pk__in=known)
                .select_for_update(no_key=True)
                .order_by("pk")
                .values_list("pk")
            )


def _told(record: Record | None, errors: Errors, *, given: Values, is_changed: bool) -> BatchResult:
    if record is None:
        return refused(errors)
    stored = {
        name: stored_value(record, field.name)
        for name in given
        if (field := field_named(type(record), name))
    }
    own = given.get(CUSTOM)
    if CUSTOM in stored:
        keys = own if isinstance(own, Mapping) else {}
        stored[CUSTOM] = {key: stored[CUSTOM].get(key) for key in keys}
    return BatchResult(record.pk, stored, errors, is_changed=is_changed)
