"""The rate limit that all processes share: GCRA, one row a window, one atomic statement.

What nobody waits for leaves half of each burst to the rest, so a person's edit finds room even
while a backfill runs at the limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction

from integrations.hub import registry
from integrations.hub.errors import RateLimited
from integrations.hub.models import Connection
from integrations.hub.provider import RateLimit

# For a vendor that publishes no limit.
DEFAULT_LIMITS = (RateLimit("default", requests=10, seconds=1),)
LONGEST_WAIT_SECONDS = 5.0
LOWEST_PACE = 0.1
RECOVERY_PER_MINUTE = 0.1
LONGEST_BLOCK_SECONDS = 3600.0
BACKGROUND_SHARE = 0.5
DEFAULT_BLOCK_SECONDS = 60.0

# Rows are locked in one order and judged together: all windows admit the call, or none is charged.
# A slower pace makes each call dearer; the slack stays that of the declared rate, else slowing down
# after a refusal would let more calls through at once, and the wait that is told would move.
TAKE = """
WITH want AS (
    SELECT * FROM unnest(%s::text[], %s::float8[], %s::float8[]) AS w(key, step, size)
), held AS MATERIALIZED (
    SELECT b.key, b.tat, b.blocked_until, w.step * (w.size - 1) AS slack,
           w.step / LEAST(1, b.pace + %s * GREATEST(
               0, EXTRACT(EPOCH FROM clock_timestamp() - b.paced_at)) / 60) AS step
    FROM hub_ratebucket b JOIN want w ON w.key = b.key
    ORDER BY b.key FOR UPDATE OF b
), judged AS MATERIALIZED (
    SELECT key, step, GREATEST(tat, t) AS base,
           GREATEST(EXTRACT(EPOCH FROM blocked_until - t),
                    EXTRACT(EPOCH FROM GREATEST(tat, t) - t) - slack) AS wait
    FROM held, (SELECT clock_timestamp() AS t) clock
), verdict AS (
    SELECT count(*) AS n, COALESCE(max(wait), 0) AS wait FROM judged
), taken AS (
    UPDATE hub_ratebucket b SET tat = j.base + j.step * interval '1 second'
    FROM judged j, verdict v
    WHERE b.key = j.key AND v.wait <= 0 AND v.n = %s
    RETURNING b.key
)
SELECT n, wait FROM verdict
"""

BLOCK = """
INSERT INTO hub_ratebucket AS b (key, tat, blocked_until, pace, paced_at)
SELECT key, now(), now() + %s * interval '1 second', 0.5, now() FROM unnest(%s::text[]) AS key
ON CONFLICT (key) DO UPDATE SET
    blocked_until = GREATEST(b.blocked_until, excluded.blocked_until),
    pace = GREATEST(%s, LEAST(1, b.pace + %s * GREATEST(
        0, EXTRACT(EPOCH FROM now() - b.paced_at)) / 60) / 2),
    paced_at = now()
"""


_is_background: ContextVar[bool] = ContextVar("is_background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """Calls inside are of work that nobody waits for."""
    token = _is_background.set(True)
    try:
        yield
    finally:
        _is_background.reset(token)


@dataclass(frozen=True)
class Verdict:
    """Whether the call may go out, else the seconds until it is worth asking again."""

    is_admitted: bool
    wait_seconds: float


def take(
    connection: Connection,
    longest_wait: float = LONGEST_WAIT_SECONDS,
    *,
    limits: tuple[RateLimit, ...] = (),
) -> None:
    """Wait for a turn of at most `longest_wait` seconds; raises RateLimited(is_local) else.

    `limits` are windows of some calls only (a vendor's search), taken before the call itself.
    """
    waited = 0.0
    while True:
        verdict = ask(connection, limits)
        if verdict.is_admitted:
            return
        if waited + verdict.wait_seconds > longest_wait:
            raise RateLimited(
                f"{connection} is at the rate limit of {connection.provider_name}.",
                after=verdict.wait_seconds,
                is_local=True,
            )
        time.sleep(verdict.wait_seconds)
        waited += verdict.wait_seconds


def ask(connection: Connection, limits: tuple[RateLimit, ...] = ()) -> Verdict:
    """Charge one call to every window, or say how long to wait; one round trip."""
    windows = {_key(connection, limit): limit for limit in limits or _limits(connection)}
    count, wait = _ask(windows)
    if count < len(windows):
        _make(list(windows))
        count, wait = _ask(windows)
    return Verdict(wait <= 0, max(0.0, wait))


def windows_of(connection: Connection) -> dict[str, RateLimit]:
    """The limits of the account by the keys of their buckets; empty for a provider that is gone."""
    if registry.find(connection.provider) is None:
        return {}
    return {_key(connection, limit): limit for limit in _limits(connection)}


def background_slack(limit: RateLimit) -> float:
    """How far ahead of the steady rate work may be that nobody waits for, in seconds."""
    return max(0.0, limit.burst_size * BACKGROUND_SHARE - 1) * limit.step_seconds


def block(connection: Connection, seconds: float | None) -> None:
    """The vendor said no: close every window for all workers, and go slower afterwards."""
    keys = [_key(connection, limit) for limit in _limits(connection)]
    length = min(seconds or DEFAULT_BLOCK_SECONDS, LONGEST_BLOCK_SECONDS)
    with database.cursor() as cursor:
        cursor.execute(BLOCK, [length, sorted(keys), LOWEST_PACE, RECOVERY_PER_MINUTE])


def _ask(limits: dict[str, RateLimit]) -> tuple[int, float]:
    keys = sorted(limits)
    steps = [limits[key].step_seconds for key in keys]
    share = BACKGROUND_SHARE if _is_background.get() else 1.0
    sizes = [max(1.0, limits[key].burst_size * share) for key in keys]
    with database.cursor() as cursor:
        cursor.execute(TAKE, [keys, steps, sizes, RECOVERY_PER_MINUTE, len(keys)])
        count, wait = cursor.fetchone()
    return int(count), float(wait)


def _make(keys: list[str]) -> None:
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_ratebucket (key) SELECT unnest(%s::text[]) "
            "ON CONFLICT (key) DO NOTHING",
            [sorted(keys)],
        )


def _limits(connection: Connection) -> tuple[RateLimit, ...]:
    return connection.declaration.limits or DEFAULT_LIMITS


def _key(connection: Connection, limit: RateLimit) -> str:
    return f"{connection.pk}:{limit.name}"
