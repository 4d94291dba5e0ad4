"""`bench sync`: a first pull of contacts, a second one with nothing changed, and a big push.

The vendor's fake runs in a process of its own. Our own limiter and the fake's limits are set wide,
so that what is measured is the work and not the waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from crm.choices import OriginKind
from crm.models import Contact, Workspace
from crm.services.batches import records_write
from crm.services.origin import Origin
from crm.services.people import user_create, workspace_create
from integrations.hub.connections import connection_create
from integrations.hub.models import Connection, JobState, SyncJob, SyncRecord, SyncState
from integrations.hub.provider import Provider
from integrations.hub.pump import pump
from integrations.hub.sandbox.server import installed_apps
from nexa.bench.database import scratch_database
from nexa.bench.memory import growth_mb, memory_watched
from nexa.bench.result import BenchResult
from nexa.bench.sync_floor import floor_seconds
from nexa.bench.sync_provider import READ, WRITE, Requests, counted_provider, stream_of
from nexa.serve.commands import PROJECT, manage_command
from nexa.serve.steps import answers
from nexa.supervisor import Child, ChildSpec
from nexa.supervisor.ports import port_anywhere

START_SECONDS, BUDGET_SECONDS, LONGEST_SECONDS = 60.0, 25.0, 3600.0
PUSHED, PUSHED_AT_ONCE = 10_000, 1_000
WIDE = "10000000"
Say = Callable[[str], None]


class SyncWentWrong(Exception):
    """What was measured is not what should have happened; the message says what is lacking."""


def run(rows: int, say: Say) -> BenchResult:
    """Pull `rows` contacts, pull again, and push the change of up to PUSHED of them."""
    with ExitStack() as stack:
        stack.enter_context(scratch_database())
        provider, calls = stack.enter_context(counted_provider())
        stack.enter_context(_vendor(provider, rows))
        connection = _connected(provider)
        say(f"Reading {rows:,} contacts page by page, and copying them …")
        count, floor = floor_seconds(connection, stream_of(provider))
        if count != rows:
            raise SyncWentWrong(f"The vendor holds {count} contacts, not {rows}.")
        say("Pulling them …")
        seconds, growth = _first_pull(connection, calls, rows)
        first = calls.total
        _pull_again(connection, calls)
        second, pushed = calls.total, min(rows, PUSHED)
        say(f"Pushing {pushed:,} changed contacts …")
        push_seconds = _push(connection.workspace, calls, pushed)
    return BenchResult(
        bench="sync",
        size=rows,
        ours_per_s=rows / seconds,
        floor_per_s=rows / floor,
        memory_growth_mb=growth,
        details={
            "provider": provider.id,
            "first_pull_requests": first,
            "second_pull_requests": second,
            "pushed": pushed,
            "pushed_per_s": round(pushed / push_seconds, 1),
            "push_requests": calls.by_work[WRITE],
            "push_read_requests": calls.by_work[READ],
        },
    )


def _first_pull(connection: Connection, calls: Requests, rows: int) -> tuple[float, float]:
    calls.forget()
    with memory_watched() as sizes:
        began = time.perf_counter()
        _pulled(connection)
        seconds = time.perf_counter() - began
    counts = (Contact.objects.count(), SyncRecord.objects.filter(connection=connection).count())
    if counts != (rows, rows):
        raise SyncWentWrong(f"{counts[0]} contacts and {counts[1]} links, not {rows} of each.")
    return seconds, growth_mb(sizes)


def _pull_again(connection: Connection, calls: Requests) -> None:
    calls.forget()
    SyncState.objects.filter(connection=connection, is_enabled=True).update(next_run_at=Now())
    _pulled(connection)


def _pulled(connection: Connection) -> None:
    """Until the stream has been read to its end."""
    due = SyncState.objects.filter(connection=connection, is_enabled=True, next_run_at__lte=Now())
    _worked(due.exists, connection)


def _push(workspace: Workspace, calls: Requests, count: int) -> float:
    """Change `count` contacts as an import would, and work until the vendor has them all."""
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True)[:count])
    origin = Origin(OriginKind.COMMAND, "bench")
    for start in range(0, count, PUSHED_AT_ONCE):
        updates = [(pk, {"title": "Buyer"}) for pk in ids[start : start + PUSHED_AT_ONCE]]
        with transaction.atomic():
            records_write(Contact, workspace=workspace, creates=[], updates=updates, origin=origin)
    open_jobs = SyncJob.objects.filter(state__in=(JobState.READY, JobState.LEASED))
    waiting = open_jobs.count()
    if waiting != count:
        raise SyncWentWrong(f"{waiting} changed contacts wait to be sent, not {count}.")
    calls.forget()
    began = time.perf_counter()
    _worked(open_jobs.exists)
    seconds = time.perf_counter() - began
    dead = SyncJob.objects.filter(state=JobState.DEAD).first()
    if dead is not None:
        raise SyncWentWrong(f"A contact was not sent: {dead.last_error}")
    return seconds


def _worked(is_more: Callable[[], bool], connection: Connection | None = None) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while is_more():
        pump(BUDGET_SECONDS)
        trouble = SyncState.objects.exclude(last_error="").first()
        if trouble is not None:
            raise SyncWentWrong(f"{connection or 'The sync'} has trouble: {trouble.last_error}")
        if time.monotonic() > deadline:
            raise SyncWentWrong("It takes too long.")


def _connected(provider: Provider) -> Connection:
    app = next(one for one in installed_apps() if one.id == provider.id)
    owner = user_create(email="bench@bench.example")
    workspace = workspace_create(name="Bench", slug="bench", owner=owner)
    given = {field.name: field.default for field in provider.settings_fields}
    connection = connection_create(
        workspace=workspace,
        provider_id=provider.id,
        name="Bench",
        credentials=app.demo_credentials,
        settings=given | dict(app.demo_settings),
        actor=owner,
        goes_live=True,
    )
    if connection.attention:
        raise SyncWentWrong(connection.attention)
    others = SyncState.objects.filter(connection=connection)
    others.exclude(object=stream_of(provider).object).update(is_enabled=False)
    return connection


@contextmanager
def _vendor(provider: Provider, rows: int) -> Iterator[None]:
    """The fakes in a process of their own, the provider's filled with contacts."""
    port = port_anywhere()
    address, before = f"http://127.0.0.1:{port}", settings.NEXA_SANDBOX_URL
    with TemporaryDirectory(prefix="nexa-bench-") as folder:
        command = manage_command("sandbox", "--host", "127.0.0.1", "--port", str(port))
        child = Child(
            ChildSpec("sandbox", command, dict(environ), PROJECT, Path(folder) / "sandbox.log")
        )
        child.start()
        try:
            _awaited(child, address)
            settings.NEXA_SANDBOX_URL = address
            _act(address, provider, "set_limits", ten_secondly=WIDE, search=WIDE, daily=WIDE)
            object = stream_of(provider).object
            _act(address, provider, "seed", kind=object, count=str(rows))
            yield
        finally:
            settings.NEXA_SANDBOX_URL = before
            child.stop(10)


def _awaited(child: Child, address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(f"{address}/"):
        if not child.is_alive or time.monotonic() > deadline:
            raise SyncWentWrong(f"The sandbox did not start:\n{child.last_words()}")
        time.sleep(0.1)


def _act(address: str, provider: Provider, action: str, **values: Any) -> None:
    url = f"{address}/_control/{provider.id}/actions/{action}"
    answer = requests.post(url, json=values, timeout=600)
    if not answer.ok:
        raise SyncWentWrong(f"The fake of {provider.name} refused {action}: {answer.text[:200]}")
