"""Whether this installation can serve, part by part; for /readyz and doctor."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from integrations.hub import disk
from integrations.hub.selectors import STUCK_SECONDS, hub_health
from integrations.hub.types import HubHealth

# A running process cannot lose a migration by itself; a restored backup under it may.
MIGRATIONS_TRUSTED_SECONDS = 300.0


@dataclass(frozen=True)
class Part:
    """One part's state; `detail` is fit for strangers to read."""

    ok: bool
    detail: str


def parts() -> dict[str, Part]:
    """Every part by name; the later ones need the first."""
    database = database_state()
    room = disk_state()
    if not database.ok:
        unknown = Part(ok=False, detail="unknown without the database")
        return {"database": database, "migrations": unknown, "cluster": unknown, "disk": room}
    migrations = migrations_state()
    cluster = (
        cluster_state() if migrations.ok else Part(ok=False, detail="unknown before migrations")
    )
    return {"database": database, "migrations": migrations, "cluster": cluster, "disk": room}


def database_state() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Part(ok=False, detail="cannot be reached")
    return Part(ok=True, detail="answers")


def migrations_missing() -> list[str]:
    """Names of migrations that the code has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


class _Migrations:
    """Remembers for a while that all are applied: looking takes about a tenth of a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._well_until = 0.0

    def state(self) -> Part:
        with self._lock:
            if time.monotonic() < self._well_until:
                return Part(ok=True, detail="applied")
            missing = migrations_missing()
            if missing:
                return Part(ok=False, detail=f"{len(missing)} not applied")
            self._well_until = time.monotonic() + MIGRATIONS_TRUSTED_SECONDS
            return Part(ok=True, detail="applied")

    def forget(self) -> None:
        self._well_until = 0.0


migrations = _Migrations()


def migrations_state() -> Part:
    return migrations.state()


def cluster_state() -> Part:
    """By the engine's own signs of life: a live process may have stopped working."""
    return cluster_judged(hub_health())


def cluster_judged(health: HubHealth) -> Part:
    age = health.heartbeat_age_seconds
    if age is None:
        return Part(ok=False, detail="no sign of life yet")
    said = f"last sign of life {age:.0f} s ago"
    if age > STUCK_SECONDS or health.is_stuck:
        return Part(ok=False, detail=f"{said}, {health.due_jobs + health.due_events} due")
    failing = ", ".join(one.name for one in health.failing_rounds)
    full = "; the inbox is full" if health.is_inbox_full else ""
    return Part(ok=True, detail=said + full + (f"; failing rounds: {failing}" if failing else ""))


def disk_state() -> Part:
    """Never a reason to take the pages away: people go on, and make room."""
    if disk.is_short():
        return Part(ok=True, detail=f"nearly full: {disk.CONSEQUENCE}")
    return Part(ok=True, detail="room enough")
