"""Changes the settings of a connection that is there: for a person, or for the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from crm.models import User
from crm.services.origin import Origin, by_user
from integrations.hub.accounts import fixed_of
from integrations.hub.acts import connection_act_remember
from integrations.hub.connections import connection_test
from integrations.hub.errors import Conflict
from integrations.hub.intake import settings_clean
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import ConnectionReport


def settings_replace(
    connection: Connection, *, settings: Mapping[str, Any], actor: User
) -> ConnectionReport:
    """Store what a person changed, then test the connection and its web-hook by it.

    Raises InvalidSettings, and Conflict for a connection that was removed; nothing is stored then.
    """
    settings_store(connection, settings, origin=by_user(actor, reason=f"{connection}: settings"))
    return connection_test(connection)


@transaction.atomic
def settings_store(connection: Connection, settings: Mapping[str, Any], *, origin: Origin) -> None:
    """Only the settings that are named, and none that says which account it is.

    Raises as `settings_replace` does.
    """
    held = Connection.objects.select_for_update(no_key=True).exclude(state=ConnectionState.DISABLED)
    row = held.filter(pk=connection.pk).first()
    if row is None:
        raise Conflict(f"{connection} was disconnected meanwhile.")
    known = {declared.name for declared in row.declaration.settings_fields}
    stored = {name: value for name, value in row.settings.items() if name in known}
    wanted = {**stored, **settings, **fixed_of(row)}
    cleaned = settings_clean(row.declaration, wanted)
    diff = {
        name: (row.settings.get(name), value)
        for name, value in cleaned.items()
        if row.settings.get(name) != value
    }
    if not diff:
        return
    connection.settings = {**row.settings, **cleaned}
    Connection.objects.filter(pk=row.pk).update(settings=connection.settings, updated_at=Now())
    connection_act_remember(connection, diff=diff, origin=origin)
