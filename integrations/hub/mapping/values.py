"""Admins' edits of what single values and people mean on a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crm.models import Membership, User
from integrations.hub.mapping.checks import InvalidMapping, value_check
from integrations.hub.mapping.looking import strangers_look
from integrations.hub.mapping.versions import (
    edit_remember,
    mapping_edited,
    row_values,
)
from integrations.hub.models import Connection, OwnershipMapping, ValueMapping

VALUE_FIELDS: Final = ("name", "theirs", "ours", "label", "order")


def value_create(
    connection: Connection, *, values: Mapping[str, Any], actor: User | None
) -> ValueMapping:
    """What one of their values is here; raises InvalidMapping."""
    return _value_save(ValueMapping(connection=connection), values, actor)


def value_update(
    row: ValueMapping, *, values: Mapping[str, Any], actor: User | None
) -> ValueMapping:
    """A person's choice from now on, which no fetching of lists changes; raises InvalidMapping."""
    fresh = ValueMapping.objects.select_related("connection").get(pk=row.pk)
    return _value_save(fresh, values, actor)


def value_delete(row: ValueMapping, *, actor: User | None) -> None:
    """The value has no counterpart any more; records that hold it wait and say so."""
    with mapping_edited(row.connection):
        edit_remember(row, row.connection, before=row_values(row), after={}, actor=actor)
        ValueMapping.objects.filter(pk=row.pk).delete()


def owner_set(row: OwnershipMapping, *, user: User | None, actor: User | None) -> OwnershipMapping:
    """Whose records a person at the vendor has here; None: they go to the admin.

    Raises InvalidMapping for somebody who is no member of the workspace.
    """
    fresh = OwnershipMapping.objects.select_related("connection").get(pk=row.pk)
    _check_member(fresh.connection, user, "user")
    before = row_values(fresh)
    with mapping_edited(fresh.connection):
        fresh.user, fresh.is_automatic = user, False
        fresh.save(update_fields=["user", "is_automatic"])
        edit_remember(fresh, fresh.connection, before=before, actor=actor)
        if user is not None:
            strangers_look(fresh.connection, [fresh.external_id])
    return fresh


def unmapped_owner_set(connection: Connection, *, user: User | None, actor: User | None) -> None:
    """Who gets the records of people who are nobody here; None: the workspace's first admin."""
    _check_member(connection, user, "unmapped_owner")
    with mapping_edited(connection):
        before = {"unmapped_owner": connection.unmapped_owner_id}
        Connection.objects.filter(pk=connection.pk).update(unmapped_owner=user)
        connection.refresh_from_db(fields=["unmapped_owner"])
        after = {"unmapped_owner": connection.unmapped_owner_id}
        edit_remember(connection, connection, before=before, after=after, actor=actor)


def _value_save(row: ValueMapping, values: Mapping[str, Any], actor: User | None) -> ValueMapping:
    before = row_values(row) if row.pk else {}
    for name in VALUE_FIELDS:
        if name in values:
            value = values[name]
            setattr(row, name, value.strip() if isinstance(value, str) else value)
    row.is_automatic = False
    with mapping_edited(row.connection):
        value_check(row)
        row.save()
        edit_remember(row, row.connection, before=before, actor=actor)
    return row


def _check_member(connection: Connection, user: User | None, field: str) -> None:
    if user is None:
        return
    members = Membership.objects.filter(workspace=connection.workspace_id, user=user)
    if not members.filter(user__is_active=True).exists():
        raise InvalidMapping({field: [f"{user} is no member of this workspace."]})
