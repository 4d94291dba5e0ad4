"""Brings what records refer to up to date, once a day: the vendor's people and its pipelines."""

from __future__ import annotations

import logging
import time
from typing import Final

from integrations.hub import leases
from integrations.hub.errors import HubError
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.pipelines import pipelines_pull
from integrations.hub.models import Connection

logger = logging.getLogger("integrations.hub.sync")

DAY_SECONDS: Final = 86_400
AGAIN_SECONDS: Final = 900
ROUND_SECONDS: Final = 15.0


def references_pull(connection: Connection) -> bool:
    """Fetch people and pipelines unless that was done within a day; whether they were fetched.

    Calls the vendor; raises HubError when it does not answer, and is tried again later then.
    """
    lease = leases.take(f"references:{connection.pk}", DAY_SECONDS)
    if lease is None:
        return False
    try:
        owners_pull(connection)
        pipelines_pull(connection)
    except HubError:
        leases.renew(lease, AGAIN_SECONDS)
        raise
    return True


def references_sweep(connections: list[Connection]) -> int:
    """Those of the connections whose day is over, for some seconds; how many were fetched."""
    until, count = time.monotonic() + ROUND_SECONDS, 0
    for connection in connections:
        try:
            count += references_pull(connection)
        except HubError as error:
            logger.warning("people of connection %s not fetched: %s", connection.pk, error)
        if time.monotonic() > until:
            break
    return count
