"""Asks the vendor for what the mapping screens show; every failure comes as a HubError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from integrations.hub.classification import classified
from integrations.hub.errors import HubError
from integrations.hub.models import Connection
from integrations.hub.redaction import redact
from integrations.hub.streams import ExternalField, Stream

T = TypeVar("T")


def vendor_ask(connection: Connection, call: Callable[[], T]) -> T:
    """What the call answers; raises HubError in words without secrets. No transaction is open."""
    try:
        return call()
    except Exception as error:  # the boundary to the provider; named, and raised on
        known = classified(error, connection.declaration.error)
        hidden = connection.credentials.texts()
        raise HubError(redact(str(known), hidden)) from error


def fields_ask(connection: Connection, stream: Stream) -> Sequence[ExternalField]:
    """The vendor's fields; none where it cannot say, or does not answer now."""
    describe = stream.describe
    if describe is None:
        return ()
    try:
        return vendor_ask(connection, lambda: describe(connection))
    except HubError:
        return ()
