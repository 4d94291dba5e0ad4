"""What a connection keeps when it is disconnected, and what it goes on with when it comes back."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from integrations.hub import gates, revivals, wake
from integrations.hub.models import (
    Connection,
    ConnectionState,
    JobKind,
    JobState,
    SyncJob,
    SyncState,
)
from integrations.hub.sync.holds import held_tell
from integrations.hub.sync.rereading import streams_read_whole

LONGEST_NAME = 120
# What was known of a token that is no more.
NO_TOKEN: dict[str, Any] = {
    "scopes": [],
    "expires_at": None,
    "token_issued_at": None,
    "refresh_started_at": None,
    "last_refresh_at": None,
    "refresh_error": "",
}
# Stored with what puts the connection back into service, so that neither is without the other.
TRY_FORBIDDEN: dict[str, Any] = {"revive_forbidden_until": Now()}


def values_back(connection: Connection) -> dict[str, Any]:
    """Paused until the vendor has answered; under another name where its own was taken since."""
    return {"state": ConnectionState.PAUSED, "name": name_free(connection)}


def name_free(connection: Connection) -> str:
    """The connection's name, or the first of “name 2”, “name 3” … that no other one has."""
    others = Connection.objects.filter(workspace=connection.workspace_id)
    taken = set(
        others.exclude(pk=connection.pk)
        .exclude(state=ConnectionState.DISABLED)
        .values_list("name", flat=True)
    )
    name, number = connection.name, 1
    while name in taken:
        number += 1
        suffix = f" {number}"
        name = connection.name[: LONGEST_NAME - len(suffix)] + suffix
    return name


def secrets_readable(connection: Connection) -> dict[str, str]:
    """What is stored, if any key opens it; a person replacing lost secrets types all of them."""
    secrets = connection.credentials
    return dict(secrets) if secrets.texts() else {}


def forbidden_again(connection: Connection) -> dict[str, Any]:
    """The note that has what was forbidden tried again, of one that was stopped; else nothing.

    Some vendors grant a permission to the same credentials, so there may be no new ones to tell by.
    """
    return TRY_FORBIDDEN if connection.state == ConnectionState.AUTH_FAILED else {}


def work_goes_on(connection: Connection) -> None:
    """It is at work again: nothing is left by what stopped it, and what died of that goes on."""
    gates.auth_mended(connection)
    revivals.revival_go_on(connection)
    wake.wake_on_commit()


def back_note(connection: Connection) -> None:
    """It was disconnected, and is back. In the transaction that stores so: whoever is killed after
    it leaves nothing that was to be made up for, and nothing that was not."""
    commands_give_up(connection)
    held_tell(connection)
    streams_read_whole(SyncState.objects.filter(connection=connection, is_enabled=True))


def commands_give_up(connection: Connection) -> int:
    """Acts that waited when it was disconnected are not made up for, as was said then.

    Records that waited to be sent are: that brings the vendor up to date. How many were given up.
    """
    waiting = SyncJob.objects.filter(
        connection=connection, kind=JobKind.COMMAND, state=JobState.READY
    )
    return waiting.update(
        state=JobState.DISCARDED,
        reason="the connection was disconnected",
        finished_at=Now(),
    )
