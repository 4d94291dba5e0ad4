"""After an outage: what died of it is revived, and goes on where it was cut off.

The breaker notes on the connection from when on, as it closes; the note stays until all is revived.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError

from integrations.hub import jobs
from integrations.hub.models import Connection, ConnectionState

logger = logging.getLogger("integrations.hub.revivals")

# The worker that closed the breaker has other jobs in hand, whose leases run on.
AT_ONCE_SECONDS = 5.0
A_ROUND_SECONDS = 20.0


def revival_go_on(connection: Connection, *, seconds: float = AT_ONCE_SECONDS) -> None:
    """Revive for so long; what our database refuses now is left to the next round."""
    connection.refresh_from_db(fields=["revive_since"])
    since = connection.revive_since
    if since is None:
        return
    try:
        is_over = jobs.jobs_revive(connection, since, seconds=seconds)
    except DatabaseError:
        logger.exception("the revival of connection %s broke off", connection.pk)
        return
    if is_over:
        # Not the note of another outage that has ended meanwhile.
        noted = Connection.objects.filter(pk=connection.pk, revive_since=since)
        noted.update(revive_since=None)


def sweep() -> None:
    """Each minute: revivals that were cut off."""
    noted = Connection.objects.filter(revive_since__isnull=False)
    for connection in noted.exclude(state=ConnectionState.DISABLED):
        revival_go_on(connection, seconds=A_ROUND_SECONDS)
