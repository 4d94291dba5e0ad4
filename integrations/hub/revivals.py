"""What died of an outage, or for want of a permission, is revived when that may be over.

Who ends the one or the other notes on the connection from or up to when, and begins at once; the
note stays until all is revived, and a sweep goes on with what is left.
"""

from __future__ import annotations

import datetime
import logging
import time
from typing import Protocol

from django.db import DatabaseError
from django.db.models import Q

from integrations.hub import jobs
from integrations.hub.models import Connection, ConnectionState

logger = logging.getLogger("integrations.hub.revivals")

# Who begins has other jobs in hand, whose leases run on, or a person who waits for a page.
AT_ONCE_SECONDS = 5.0
A_ROUND_SECONDS = 20.0


class Revive(Protocol):
    """Revives what the time in a note speaks of, for so long; True when none is left."""

    def __call__(
        self, connection: Connection, noted: datetime.datetime, /, *, seconds: float
    ) -> bool: ...


# By the column of the connection that has the note.
REVIVALS: dict[str, Revive] = {
    "revive_since": jobs.jobs_revive,
    "revive_forbidden_until": jobs.jobs_revive_forbidden,
}


def revival_go_on(connection: Connection, *, seconds: float = AT_ONCE_SECONDS) -> None:
    """Revive for so long; what our database refuses now is left to the next round."""
    connection.refresh_from_db(fields=REVIVALS)
    until = time.monotonic() + seconds
    for column in REVIVALS:
        try:
            _go_on(connection, column, seconds=until - time.monotonic())
        except DatabaseError:
            logger.exception("the revival of connection %s broke off", connection.pk)
            return


def sweep() -> None:
    """Each minute: revivals that were cut off."""
    noted = Connection.objects.exclude(state=ConnectionState.DISABLED)
    for connection in noted.exclude(Q(**dict.fromkeys(REVIVALS))):
        revival_go_on(connection, seconds=A_ROUND_SECONDS)


def _go_on(connection: Connection, column: str, *, seconds: float) -> None:
    noted = getattr(connection, column)
    if noted is not None and REVIVALS[column](connection, noted, seconds=seconds):
        # Not the note that somebody has made meanwhile.
        same = Connection.objects.filter(pk=connection.pk, **{column: noted})
        same.update(**{column: None})
