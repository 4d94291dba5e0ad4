"""A signing secret that was replaced counts for another day.

Vendors send again what they signed before the change, and some go on with the old secret for hours.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final, NamedTuple

from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from integrations.hub.provider import Provider

LIFE: Final = timedelta(hours=24)
# Of each field; whoever exchanges a secret more often than this in a day is trying something out.
MOST: Final = 4
# Names in the stored secrets, each with the field and a number; a provider's own cannot hold a
# colon. Every secret is a value of its own, so that it is hidden in texts as the others are.
SECRET, UNTIL = "former:", "former-until:"


class Former(NamedTuple):
    """A secret that was replaced, and until when it counts."""

    secret: str
    until: datetime


def former_kept(
    provider: Provider, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, str]:
    """The secrets to store: `after`, and what signed within the last day where that is another."""
    kept = {name: value for name, value in after.items() if not name.startswith((SECRET, UNTIL))}
    now = datetime.now(UTC)
    for declared in provider.credential_fields:
        if not declared.is_signing:
            continue
        formers = _formers(before, declared.name, now)
        old, new = before.get(declared.name, ""), after.get(declared.name, "")
        if old and old != new:
            formers = [Former(old, now + LIFE), *(one for one in formers if one.secret != old)]
        kept |= _stored(declared.name, (one for one in formers if one.secret != new))
    return kept


def connections_before(connection: Connection) -> Iterator[Connection]:
    """The connection as it was before each change of the last day, the latest change first."""
    now, secrets = datetime.now(UTC), connection.credentials
    fields = {_field(name) for name in secrets if name.startswith(SECRET)}
    columns = [[(name, one.secret) for one in _formers(secrets, name, now)] for name in fields]
    for replaced in zip_longest(*columns):
        earlier = copy.copy(connection)
        earlier.credentials = Secrets({**secrets, **dict(one for one in replaced if one)})
        yield earlier


def _formers(secrets: Mapping[str, str], field: str, now: datetime) -> list[Former]:
    """Those that still count, the latest first."""
    found = [
        Former(secret, datetime.fromisoformat(secrets[UNTIL + name.removeprefix(SECRET)]))
        for name, secret in secrets.items()
        if name.startswith(SECRET) and _field(name) == field
    ]
    return sorted((one for one in found if one.until > now), key=lambda one: one.until)[::-1]


def _field(name: str) -> str:
    """Without the number, which the only former secret had not when one alone was kept."""
    return name.removeprefix(SECRET).partition(":")[0]


def _stored(field: str, formers: Iterable[Former]) -> dict[str, str]:
    values = {}
    for number, former in enumerate(list(formers)[:MOST]):
        values[f"{SECRET}{field}:{number}"] = former.secret
        values[f"{UNTIL}{field}:{number}"] = former.until.isoformat()
    return values
