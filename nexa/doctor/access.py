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
    needs = [(one, _need(one)) for one in connections]
    troubled = [Finding(PART, _named(one), need) for one, need in needs if need]
    if not troubled:
        number = "1 connection" if len(connections) == 1 else f"{len(connections)} connections"
        return [Finding(PART, f"{number}, none needs anything")]
    more = len(troubled) - SHOWN
    rest = [Finding(PART, f"{more} more", "See Connections in the console.")] if more > 0 else []
    return [*troubled[:SHOWN], *rest]


def _need(connection: Connection) -> str:
    """What its page says it needs: also where credentials that are well do not open the vendor."""
    words = list(credential_report(connection).advice)
    if connection.attention and connection.attention not in words:
        words.append(connection.attention)
    return " ".join(words)


def _named(connection: Connection) -> str:
    state = connection.get_state_display().lower()
    return f"{connection} ({connection.provider_name}, {connection.workspace}): {state}"
