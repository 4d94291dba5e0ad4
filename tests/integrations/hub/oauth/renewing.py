"""What happens beside the renewal of a token."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Value

from integrations.hub.models import (
    Connection,
)


def stored(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def cool_down_over() -> None:
    Connection.objects.update(
        refresh_after=F("refresh_after") - Value(timedelta(seconds=31)),
        gate_until=F("gate_until") - Value(timedelta(seconds=31)),
    )
