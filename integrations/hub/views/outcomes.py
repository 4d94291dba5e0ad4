"""What a page says of a test or a new connection; what its top says anyway is not said twice."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from integrations.hub.models import Connection
from integrations.hub.types import ConnectionReport


def connected_say(request: HttpRequest, connection: Connection, more: str = "") -> None:
    """After connecting; the page that follows says at its top what is wrong, and what to do."""
    if connection.attention:
        messages.warning(request, f"{connection} is kept, but cannot be used yet; see below why.")
    else:
        messages.success(request, f"{connection} is connected. {more}".strip())


def report_say(request: HttpRequest, connection: Connection, report: ConnectionReport) -> None:
    """After a test whose refusal became what the connection needs attention for."""
    if report.is_ok:
        messages.success(request, report.message)
    elif is_told(connection, report):
        messages.error(request, f"{connection} did not pass its test; see below why.")
    else:
        messages.error(request, report.message)


def is_told(connection: Connection, report: ConnectionReport) -> bool:
    """Whether the connection's page says so at its top; there advice may follow, or it is cut."""
    return connection.attention.startswith(report.message[:100])
