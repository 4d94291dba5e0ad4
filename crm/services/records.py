"""How any core record is created, updated, archived and restored; entity services call this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from crm.choices import ChangeAction
from crm.models import OwnedRecord, Record, Workspace
from crm.services import ledger
from crm.services.errors import InvalidRecord, StaleRecord, WrongWorkspace
from crm.services.origin import Origin

R = TypeVar("R", bound=Record)
O = TypeVar("O", bound=OwnedRecord)  # noqa: E741


@transaction.atomic
def record_create(
    model: type[R], *, workspace: Workspace, values: Mapping[str, Any], origin: Origin
) -> R:
    """Create one record with its ledger row.

    Raises InvalidRecord, and WrongWorkspace for a link into another workspace.
    """
    record = model(workspace=workspace, **values)
    _check_links(record, values)
    _validate(record)
    now = timezone.now()
    record.created_at = record.updated_at = now
    record.save(force_insert=True)
    diff = ledger.created_diff(record, values)
    ledger.append(
        [ledger.change_for(record, action=ChangeAction.CREATED, diff=diff, origin=origin)]
    )
    return record


@transaction.atomic
def record_update(
    record: R,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
    action: ChangeAction = ChangeAction.UPDATED,
) -> R:
    """Write `values`; a write that changes nothing leaves no trace.

    The row is locked first, so ledger order is commit order. Returns the fresh record. Raises
    StaleRecord when `expected_version` is given and is not the row's version any more.
    """
    fresh = _locked(record)
    if expected_version is not None and fresh.version != expected_version:
        raise StaleRecord
    diff = ledger.field_diff(fresh, values)
    if not diff:
        return fresh
    for name in diff:
        setattr(fresh, name, values[name])
    _check_links(fresh, values)
    _validate(fresh, only=diff)
    fresh.version += 1
    fresh.updated_at = timezone.now()
    fresh.save(update_fields=[*diff, "version", "updated_at"])
    # Values as stored (an assigned string may have become a Decimal or a date).
    ledger.append([ledger.change_for(fresh, action=action, diff=diff, origin=origin)])
    return fresh


def record_archive(record: O, *, origin: Origin) -> O:
    """Take the record out of every list; nothing of it is erased."""
    return record_update(
        record,
        values={"archived_at": timezone.now()},
        origin=origin,
        action=ChangeAction.DELETED,
    )


def record_restore(record: O, *, origin: Origin) -> O:
    return record_update(
        record, values={"archived_at": None}, origin=origin, action=ChangeAction.RESTORED
    )


def _locked(record: R) -> R:
    manager: models.Manager[R] = type(record)._default_manager
    return manager.select_for_update(of=("self",)).get(
        pk=record.pk, workspace_id=record.workspace_id
    )


def _check_links(record: Record, values: Mapping[str, Any]) -> None:
    for value in values.values():
        if isinstance(value, Record) and value.workspace_id != record.workspace_id:
            raise WrongWorkspace(f"{value} belongs to another workspace.")


def _validate(record: Record, only: Mapping[str, Any] | None = None) -> None:
    """Run field validation; constraints of the database stay the last guard."""
    names = {field.name for field in record._meta.fields}
    skipped = names - set(only) if only is not None else {"workspace"}
    try:
        record.clean_fields(exclude=skipped)
        record.clean()
    except ValidationError as error:
        raise InvalidRecord(error.message_dict) from error
