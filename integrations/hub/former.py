"""A signing secret that was replaced counts for another day.

Vendors send again what they signed before the change, and some go on with the old secret for hours.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from integrations.hub.provider import Provider

LIFE: Final = timedelta(hours=24)
# Names in the stored secrets; a provider's own cannot hold a colon.
SECRET, UNTIL = "former:", "former-until:"


def former_kept(
    provider: Provider, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, str]:
    """The secrets to store: `after`, and what signed until now where that is another."""
    kept = dict(after)
    until = (datetime.now(UTC) + LIFE).isoformat()
    for declared in provider.credential_fields:
        old = before.get(declared.name, "")
        if declared.is_signing and old and old != after.get(declared.name):
            kept |= {SECRET + declared.name: old, UNTIL + declared.name: until}
    return kept


def as_before(connection: Connection) -> Connection | None:
    """The connection as it was before a signing secret was replaced; None after a day."""
    now = datetime.now(UTC)
    former = {
        name.removeprefix(SECRET): value
        for name, value in connection.credentials.items()
        if name.startswith(SECRET) and _until(connection, name.removeprefix(SECRET)) > now
    }
    if not former:
        return None
    earlier = copy.copy(connection)
    earlier.credentials = Secrets({**connection.credentials, **former})
    return earlier


def _until(connection: Connection, name: str) -> datetime:
    return datetime.fromisoformat(connection.credentials[UNTIL + name])
