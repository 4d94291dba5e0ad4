"""What happens beside the renewal of a token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db.models import F, Value
from werkzeug.wrappers import Request

from integrations.hub.models import (
    Connection,
)
from tests.integrations.hub.oauth.acme import Script


def stored(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def meanwhile(act: Any) -> Script:
    """Something happens while the vendor takes its time; then it answers as usual."""

    def answer(request: Request) -> None:
        try:
            act()
        finally:
            database.close()

    return answer


def cool_down_over() -> None:
    Connection.objects.update(
        refresh_after=F("refresh_after") - Value(timedelta(seconds=31)),
        gate_until=F("gate_until") - Value(timedelta(seconds=31)),
    )
