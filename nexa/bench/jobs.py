"""`bench jobs`: claim-to-done of the engine's own path in two processes, against a bare queue.

The floor is the SKIP LOCKED loop of a table with nothing but a state, in batches; both sides work
on the same server, one after the other, with the same number of processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from crm.services.people import user_create, workspace_create
from integrations.hub import jobs, registry
from integrations.hub.credentials import Secrets
from integrations.hub.models import Attempt, Connection, JobState, SyncJob
from nexa.bench.database import scratch_database
from nexa.bench.jobs_floor import FLOOR_BATCH, floor_make
from nexa.bench.jobs_provider import PROVIDER_ID, provider
from nexa.bench.result import BenchResult
from nexa.serve.commands import PROJECT

PROCESSES = 2
ENQUEUED_AT_ONCE = 1_000
SINGLE_ROWS = 10_000
LONGEST_SECONDS = 3600.0

Say = Callable[[str], None]


class WrongCount(Exception):
    """The tables do not say that each job was done once."""


@dataclass(frozen=True)
class Drained:
    """What the workers did together."""

    count: int
    seconds: float
    memory_growth_mb: float

    @property
    def per_s(self) -> float:
        return self.count / self.seconds


def run(rows: int, say: Say) -> BenchResult:
    """Enqueue `rows` changed records, and work them off."""
    with scratch_database() as url, _bench_provider():
        connection = _connected()
        say(f"Marking {rows:,} records as changed …")
        enqueue_seconds = _enqueue(connection, rows)
        say("Working them off …")
        ours = _drained(url, "pump", 0)
        _check(rows)
        say(f"{ours.per_s:.0f}/s. The bare queue …")
        floor = _floor(url, rows, FLOOR_BATCH)
        single = _floor(url, min(rows, SINGLE_ROWS), 1)
    return BenchResult(
        bench="jobs",
        size=rows,
        ours_per_s=rows / ours.seconds,
        floor_per_s=floor.per_s,
        memory_growth_mb=ours.memory_growth_mb,
        details={
            "processes": PROCESSES,
            "enqueued_per_s": round(rows / enqueue_seconds, 1),
            "floor_batch": FLOOR_BATCH,
            "floor_one_at_a_time_per_s": round(single.per_s, 1),
        },
    )


def _enqueue(connection: Connection, rows: int) -> float:
    began = time.perf_counter()
    for start in range(1, rows + 1, ENQUEUED_AT_ONCE):
        ids = range(start, min(start + ENQUEUED_AT_ONCE, rows + 1))
        jobs.dirty(connection.pk, "account", ids)
    spent = time.perf_counter() - began
    _analyze()
    return spent


def _floor(url: str, rows: int, batch: int) -> Drained:
    floor_make(rows)
    drained = _drained(url, "floor", batch)
    if drained.count != rows:
        raise WrongCount(f"The floor did {drained.count} of {rows} jobs.")
    return drained


def _drained(url: str, mode: str, batch: int) -> Drained:
    """Both workers are started and connected before the clock runs."""
    workers = [_worker(url, mode, batch) for _ in range(PROCESSES)]
    try:
        for worker in workers:
            _line(worker)
        began = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        told = [json.loads(_line(worker)) for worker in workers]
        seconds = time.perf_counter() - began
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    growth = sum(float(one["memory_growth_mb"]) for one in told)
    return Drained(sum(int(one["count"]) for one in told), seconds, growth)


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise WrongCount("A worker of the bench ended early; its words are above.")
    return line


def _worker(url: str, mode: str, batch: int) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "nexa.settings",
        "NEXA_LOG_LEVEL": "WARNING",
        "DEBUG": "0",
    }
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "nexa.bench.jobs_worker", mode, str(batch)],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _check(rows: int) -> None:
    """A rate counts only for what the tables say: each job done, by one attempt."""
    states = Counter(SyncJob.objects.values_list("state", flat=True))
    attempts = Attempt.objects.count()
    if states != {JobState.DONE: rows} or attempts != rows:
        raise WrongCount(f"{rows} jobs: {dict(states)}, {attempts} attempts.")


def _analyze() -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE hub_syncjob")


def _connected() -> Connection:
    owner = user_create(email="bench@bench.example")
    workspace = workspace_create(name="Bench", slug="bench", owner=owner)
    none: Any = Secrets({})
    return Connection.objects.create(
        workspace=workspace, provider=PROVIDER_ID, name="Bench", credentials=none
    )


@contextmanager
def _bench_provider() -> Iterator[None]:
    registry.add(provider)
    try:
        yield
    finally:
        registry.remove(PROVIDER_ID)
