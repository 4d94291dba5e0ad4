"""What a vendor says is left of a limit: it lowers what we believe, and never raises it.

Other applications of the same account use the limit too, and only the vendor sees them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import connection as database

from integrations.hub import throttle
from integrations.hub.models import Connection

# When a vendor's day begins anew is not known here; the next answer lowers our view again.
LONGEST_PAUSE_SECONDS: Final = 300.0
# Rows are locked in the order in which `throttle.TAKE` locks them.
LOWER: Final = """
WITH told AS (
    SELECT * FROM unnest(%s::text[], %s::float8[]) AS t(key, spent_seconds)
), held AS MATERIALIZED (
    SELECT b.key, t.spent_seconds FROM hub_ratebucket b JOIN told t ON t.key = b.key
    ORDER BY b.key FOR UPDATE OF b
)
UPDATE hub_ratebucket b
SET tat = GREATEST(b.tat, clock_timestamp() + h.spent_seconds * interval '1 second')
FROM held h WHERE h.key = b.key
"""


def noted(connection: Connection, headers: Mapping[str, str]) -> None:
    """Let no more calls through at once than the answer's headers say are left of each window.

    Of a long window what nobody waits for is held back, and only for minutes. Writes only where the
    vendor leaves less than our own burst, so most answers cost nothing.
    """
    spent: dict[str, float] = {}
    for key, limit in throttle.windows_of(connection).items():
        left = _count(headers.get(limit.left_header)) if limit.left_header else None
        if left is not None and left < limit.burst_size:
            pause = throttle.background_slack(limit) + LONGEST_PAUSE_SECONDS
            spent[key] = min((limit.burst_size - left) * limit.step_seconds, pause)
    if spent:
        with database.cursor() as cursor:
            cursor.execute(LOWER, [list(spent), list(spent.values())])


def _count(text: str | None) -> int | None:
    """None for what is no number of calls: a vendor's header is not worth an error."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
