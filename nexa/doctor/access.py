"""What every connection's access to its vendor is worth, in a line for each that needs a person."""

from __future__ import annotations

from django.db import DatabaseError

from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth.report import credential_report
from nexa.doctor.finding import Finding

PART = "Vendor access"
SHOWN = 20


def access_found() -> list[Finding]:
    """One finding when all is well; else one for each connection in need, and how many more."""
    try:
        rows = Connection.objects.exclude(state=ConnectionState.DISABLED)
        connections = list(rows.select_related("workspace").order_by("pk"))
    except DatabaseError:
        return [Finding(PART, "not looked at: no database", "Mend the database first.")]
    reports = [(one, credential_report(one)) for one in connections]
    troubled = [
        Finding(PART, _named(one), report.advice_text) for one, report in reports if report.advice
    ]
    if not troubled:
        return [Finding(PART, f"{len(connections)} connections, none needs anything")]
    more = len(troubled) - SHOWN
    rest = [Finding(PART, f"{more} more", "See Connections in the console.")] if more > 0 else []
    return [*troubled[:SHOWN], *rest]


def _named(connection: Connection) -> str:
    state = connection.get_state_display().lower()
    return f"{connection} ({connection.provider_name}, {connection.workspace}): {state}"
