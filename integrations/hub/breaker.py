"""The circuit breaker of a connection: an outage costs no job its retries.

Open after 5 failures in a row, or half of at least 10 calls within a minute; then 30 s, doubling
to 10 min. When that time is over one probe at a time goes out; two that succeed close it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection as database
from django.db import transaction
from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, Now

from crm.choices import Severity
from integrations.hub import gates, jobs, leases, revivals
from integrations.hub.models import BreakerState, Connection, ConnectionState, GateReason
from integrations.hub.notices import connection_alert, connection_alert_over

FAILURES_IN_A_ROW = 5
WINDOW_SECONDS = 60
WINDOW_CALLS = 10
FIRST_SECONDS = 30
LONGEST_SECONDS = 600
SUCCESSES_TO_CLOSE = 2
PROBE_LEASE_SECONDS = 120
SILENT_HOURS = 120
ALERT = "connection_outage"

# One statement counts, judges and opens, so that no worker decides on stale numbers.
FAILURE = f"""
UPDATE hub_connection c SET
    breaker_failures = c.breaker_failures + 1,
    breaker_successes = 0,
    outage_since = COALESCE(c.outage_since, statement_timestamp()),
    window_started_at = CASE WHEN w.is_old THEN statement_timestamp() ELSE c.window_started_at END,
    window_calls = CASE WHEN w.is_old THEN 1 ELSE c.window_calls + 1 END,
    window_failures = CASE WHEN w.is_old THEN 1 ELSE c.window_failures + 1 END,
    breaker_state = CASE WHEN w.opens THEN 'open' ELSE c.breaker_state END,
    breaker_opened_at = CASE WHEN w.opens AND c.breaker_state = 'closed'
                        THEN statement_timestamp() ELSE c.breaker_opened_at END,
    breaker_seconds = CASE WHEN w.opens THEN w.seconds ELSE c.breaker_seconds END,
    gate_reason = CASE WHEN w.opens THEN 'breaker' ELSE c.gate_reason END,
    gate_until = CASE WHEN w.opens THEN GREATEST(
        c.gate_until, statement_timestamp() + w.seconds * interval '1 second')
        ELSE c.gate_until END
FROM (
    SELECT id, was_closed, is_old,
           CASE WHEN was_closed THEN failures >= {FAILURES_IN_A_ROW}
               OR (NOT is_old AND calls >= {WINDOW_CALLS} AND window_bad * 2 >= calls)
               ELSE is_probe END AS opens,
           CASE WHEN was_closed THEN {FIRST_SECONDS}
                ELSE LEAST({LONGEST_SECONDS}, GREATEST({FIRST_SECONDS}, seconds * 2)) END AS seconds
    FROM (
        SELECT id, breaker_state = 'closed' AS was_closed, %s AS is_probe,
               breaker_failures + 1 AS failures,
               window_calls + 1 AS calls, window_failures + 1 AS window_bad,
               breaker_seconds AS seconds,
               window_started_at IS NULL OR window_started_at < statement_timestamp()
                   - interval '{WINDOW_SECONDS} seconds' AS is_old
        FROM hub_connection WHERE id = %s FOR UPDATE
    ) seen
) w
WHERE c.id = w.id
RETURNING w.opens AND w.was_closed
"""  # noqa: S608

SUCCESS = f"""
UPDATE hub_connection c SET
    last_success_at = statement_timestamp(),
    breaker_failures = 0, forbidden_streak = 0,
    breaker_successes = CASE WHEN c.breaker_state = 'open' THEN c.breaker_successes + 1 ELSE 0 END,
    outage_since = CASE WHEN c.breaker_state = 'open' THEN c.outage_since END,
    window_calls = c.window_calls + 1,
    window_started_at = COALESCE(c.window_started_at, statement_timestamp())
WHERE id = %s
RETURNING c.breaker_state = 'open' AND c.breaker_successes >= {SUCCESSES_TO_CLOSE},
    c.gate_reason = 'rate' AND c.gate_until <= statement_timestamp()
"""  # noqa: S608


def failed(connection: Connection, *, is_probe: bool = False) -> None:
    """The vendor gave no answer or a 5xx; while open, only a probe's failure prolongs it."""
    with database.cursor() as cursor:
        cursor.execute(FAILURE, [is_probe, connection.pk])
        (is_outage,) = cursor.fetchone()
    if is_outage:
        connection_alert(
            connection,
            ALERT,
            f"{connection.provider_name} does not answer {connection.name}. Work is kept and goes "
            "on by itself when it does.",
        )


def succeeded(connection: Connection) -> None:
    with database.cursor() as cursor:
        cursor.execute(SUCCESS, [connection.pk])
        closes, is_rate_over = cursor.fetchone()
    if closes:
        _close(connection)
    elif is_rate_over:
        gates.rate_over(connection)


def probe(connection_id: int) -> leases.Lease | None:
    """The right to send the one probe while the breaker is open; None while another does."""
    return leases.take(f"breaker:{connection_id}", PROBE_LEASE_SECONDS)


def silent_disable() -> int:
    """Disconnect what has not worked once in five days of trying; how many that were."""
    silent = Connection.objects.filter(
        state=ConnectionState.ACTIVE,
        outage_since__lt=Now() - timedelta(hours=SILENT_HOURS),
    )
    for connection in silent:
        words = f"{connection.provider_name} has not answered for five days; paused."
        Connection.objects.filter(pk=connection.pk).update(
            state=ConnectionState.PAUSED, attention=words, updated_at=Now()
        )
        connection_alert(connection, "connection_silent", words, Severity.URGENT)
    return len(silent)


def _close(connection: Connection) -> None:
    """Open the gate and give the jobs that died of the outage their second life.

    The closing notes since when they died, for a closed breaker has forgotten it; who closes it
    holds no job's lane meanwhile, and a sweep goes on with what is cut off. Two workers may be
    told to close it by successes at the same moment: who comes second leaves it to the first.
    """
    connection.refresh_from_db(fields=["outage_since", "breaker_state", "breaker_opened_at"])
    with transaction.atomic():
        open_still = Connection.objects.filter(pk=connection.pk, breaker_state=BreakerState.OPEN)
        is_closer = open_still.update(
            breaker_state=BreakerState.CLOSED,
            breaker_seconds=0,
            breaker_successes=0,
            breaker_opened_at=None,
            outage_since=None,
            window_started_at=None,
            window_calls=0,
            window_failures=0,
            gate_until=None,
            gate_reason=GateReason.NONE,
            revive_since=_noted(connection),
        )
        connection_alert_over(connection, ALERT)
    if is_closer:
        revivals.revival_go_on(connection)


def _noted(connection: Connection) -> Combinable:
    """From when on to revive, also what an earlier outage has left to be.

    A job is stored dead before its connection hears of it. Each note is another one, so that who
    has come to the end of the last leaves this one alone.
    """
    since = connection.outage_since or connection.breaker_opened_at
    if since is None:
        return F("revive_since")
    earliest = since - timedelta(seconds=jobs.LEASE_SECONDS)
    return Least(F("revive_since"), Value(earliest)) - Value(timedelta(microseconds=1))
