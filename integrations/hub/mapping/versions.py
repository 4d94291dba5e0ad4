"""Every edit of a mapping: under a lock, with a new version, and remembered with who did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.db.models import F

from crm.models import User
from crm.services.ledger import Diff, append_act, record_type
from crm.services.origin import by_user
from integrations.hub.mapping.looking import waiting_look
from integrations.hub.models import Connection, SyncState


@contextmanager
def mapping_edited(connection: Connection, object: str = "") -> Iterator[None]:
    """One transaction, alone, after which the mapping has a new version.

    Without `object` all streams of the connection get one: what people and lists of values mean
    concerns each of them.
    """
    with mapping_locked(connection):
        yield
        mapping_bump(connection, object)


@contextmanager
def mapping_locked(connection: Connection) -> Iterator[None]:
    """One transaction that no other edit of the connection's mapping runs beside."""
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        yield


def mapping_bump(connection: Connection, object: str = "") -> None:
    """A new version, and another look at what waited for it; call it inside mapping_locked."""
    states = SyncState.objects.filter(connection=connection)
    states = states.filter(object=object) if object else states
    states.update(mapping_version=F("mapping_version") + 1)
    waiting_look(connection, object)


def version_next(connection: Connection, object: str) -> int:
    """What `mapping_bump` makes it, 0 before the stream is known; call it inside mapping_locked."""
    states = SyncState.objects.filter(connection=connection, object=object)
    version = states.values_list("mapping_version", flat=True).first()
    return 0 if version is None else version + 1


def row_values(row: models.Model) -> dict[str, Any]:
    """What a row says, by field; as the ledger takes it."""
    fields = [one for one in row._meta.concrete_fields if one.editable and not one.primary_key]
    return {field.name: getattr(row, field.attname) for field in fields}


def edit_remember(
    row: models.Model,
    connection: Connection,
    *,
    before: Mapping[str, Any],
    actor: User | None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Who changed what of the row, in the ledger; call it in the transaction of the change.

    `before` is what `row_values` gave then, empty for a new row; `after` is empty for one that is
    about to be deleted. Without an actor it was the hub itself, which remembers nothing.
    """
    new = row_values(row) if after is None else after
    names = sorted(before.keys() | new.keys())
    diff: Diff = {
        name: [before.get(name), new.get(name)]
        for name in names
        if before.get(name) != new.get(name)
    }
    if actor is not None and diff:
        append_act(
            workspace_id=connection.workspace_id,
            subject=(record_type(row), row.pk),
            diff=diff,
            origin=by_user(actor, reason=f"{connection}: {row}"),
        )
