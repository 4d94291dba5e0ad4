"""How any core record is created, updated, archived and erased; entity services call this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from crm.choices import ChangeAction
from crm.models import Activity, OwnedRecord, Record, Workspace
from crm.services import ledger
from crm.services.cleaning import user_links, values_clean
from crm.services.custom_fields import custom_clean, custom_require
from crm.services.errors import InvalidRecord, StaleRecord
from crm.services.links import alive_require, members_of, members_require
from crm.services.origin import PEOPLE, Origin
from crm.services.refusals import refused_in_words

R = TypeVar("R", bound=Record)
O = TypeVar("O", bound=OwnedRecord)  # noqa: E741

# Given the record as it would be and the names of the fields written; raises InvalidRecord.
Check = Callable[[R, Collection[str]], None]


@refused_in_words()
@transaction.atomic
def record_create(
    model: type[R],
    *,
    workspace: Workspace,
    values: Mapping[str, Any],
    origin: Origin,
    check: Check[R] | None = None,
) -> R:
    """Create one record with its ledger row; `check` looks at it before it is stored.

    Raises InvalidRecord, and WrongWorkspace for a link into another workspace.
    """
    cleaned = values_clean(model, workspace=workspace, values=values)
    record = model(workspace=workspace)
    if issubclass(model, OwnedRecord):
        _custom_of_new(record, cleaned, origin)
    _assign(record, cleaned)
    names = {field.name for field in model._meta.concrete_fields} - {"workspace"}
    _validate(record, names)
    if check is not None:
        check(record, names)
    _check_members(record, cleaned)
    _check_alive(record, cleaned, origin)
    record.created_at = record.updated_at = timezone.now()
    record.save(force_insert=True)
    diff = ledger.created_diff(record, cleaned)
    ledger.append(record, action=ChangeAction.CREATED, diff=diff, origin=origin)
    return record


@refused_in_words()
@transaction.atomic
def record_update(
    record: R,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
    action: ChangeAction = ChangeAction.UPDATED,
    check: Check[R] | None = None,
) -> R:
    """Write `values`; a write that changes nothing leaves no trace.

    Given keys of `custom` are written over the present ones; a key given as None is removed.
    The row is locked first, so ledger order is commit order. Returns the fresh record. Raises
    StaleRecord when `expected_version` is given and is not the row's version any more, else as
    record_create.
    """
    fresh = record_lock(record, expected_version=expected_version)
    cleaned = values_clean(type(record), workspace=fresh.workspace, values=values)
    if ledger.CUSTOM in cleaned:
        cleaned[ledger.CUSTOM] = _custom_of_present(fresh, cleaned[ledger.CUSTOM])
    diff = ledger.without_respelt(ledger.field_diff(fresh, cleaned))
    if not diff:
        return fresh
    written = {name.partition(".")[0] for name in diff}
    changed_values = {name: cleaned[name] for name in written}
    _assign(fresh, changed_values)
    _validate(fresh, written)
    if check is not None:
        check(fresh, written)
    _check_members(fresh, changed_values)
    _check_alive(fresh, changed_values, origin)
    fresh.version += 1
    fresh.updated_at = timezone.now()
    fresh.save(update_fields=[*written, "version", "updated_at"])
    ledger.append(fresh, action=action, diff=diff, origin=origin)
    return fresh


@transaction.atomic
def record_archive(record: O, *, origin: Origin, expected_version: int | None = None) -> O:
    """Take the record out of every list; nothing of it is erased. Twice is as good as once."""
    fresh = record_lock(record, expected_version=expected_version)
    if fresh.archived_at is not None:
        return fresh
    now = {"archived_at": timezone.now()}
    return record_update(fresh, values=now, origin=origin, action=ChangeAction.DELETED)


def record_restore(record: O, *, origin: Origin) -> O:
    return record_update(
        record, values={"archived_at": None}, origin=origin, action=ChangeAction.RESTORED
    )


@refused_in_words()
@transaction.atomic
def record_erase(record: Record, *, origin: Origin) -> None:
    """Erase a part of another record, such as a line item; the ledger keeps its values."""
    fresh = record_lock(record)
    diff = ledger.removed_diff(fresh)
    ledger.append(fresh, action=ChangeAction.DELETED, diff=diff, origin=origin)
    fresh.delete()


def record_lock(record: R, *, expected_version: int | None = None) -> R:
    """The row as it is now, with its workspace, locked until the transaction ends.

    Others may still link to it meanwhile: the lock is one for writing, not for deleting.
    """
    manager: models.Manager[R] = type(record)._default_manager
    fresh = (
        manager.select_related("workspace")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=record.pk, workspace_id=record.workspace_id)
    )
    if expected_version is not None and fresh.version != expected_version:
        raise StaleRecord
    return fresh


def _assign(record: Record, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(record, name, value)


def _custom_of_new(record: Record, cleaned: dict[str, Any], origin: Origin) -> None:
    name = ledger.record_type(record)
    if ledger.CUSTOM in cleaned:
        given = cleaned[ledger.CUSTOM]
        cleaned[ledger.CUSTOM] = custom_clean(record.workspace, name, given, present={})
    if origin.kind in PEOPLE:
        # A vendor or a file that lacks a field must not be turned away for it; a person is asked.
        custom_require(record.workspace, name, cleaned.get(ledger.CUSTOM, {}))


def _custom_of_present(fresh: Record, given: Any) -> dict[str, Any]:
    present: dict[str, Any] = getattr(fresh, ledger.CUSTOM)
    return custom_clean(fresh.workspace, ledger.record_type(fresh), given, present=present)


def _check_members(record: Record, values: Mapping[str, Any]) -> None:
    people = user_links(values)
    if people:
        ids = {person.pk for person in people.values()}
        members_require(people, members_of(record.workspace_id, ids))


def _check_alive(record: Record, values: Mapping[str, Any], origin: Origin) -> None:
    """What stands on a timeline has happened, whatever became of the record since."""
    if not isinstance(record, Activity):
        alive_require(values, origin)


def _validate(record: Record, names: Collection[str]) -> None:
    """Validate the named fields; links were checked when cleaned, the database guards the rest."""
    fields = record._meta.concrete_fields
    links = {field.name for field in fields if isinstance(field, models.ForeignKey)}
    errors = {
        field.name: ["This field is required."]
        for field in fields
        if field.name in links & set(names) and not field.null
        if getattr(record, field.attname) is None
    }
    skipped = links | {field.name for field in fields} - set(names)
    try:
        record.clean_fields(exclude=skipped)
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise InvalidRecord(errors)
