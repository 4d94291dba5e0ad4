"""`bench webhooks`: receives a second of the real endpoint, against a bare view that inserts a row.

Both run on the same web server with the same settings, get the same bodies from the same client,
and take turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.db import connection as database

from crm.services.people import user_create, workspace_create
from integrations.hub.connections import connection_create
from integrations.hub.handshake import webhook_url
from integrations.hub.models import Connection, InboxEvent
from integrations.hub.sandbox.server import SandboxServer
from nexa.bench import floor
from nexa.bench.database import scratch_database
from nexa.bench.load import THREADS, Shot, fired
from nexa.bench.result import BenchResult
from nexa.bench.servers import Server, web_server
from nexa.bench.signed_events import NoSample, provider_with_events, sample_of, signed

ROUNDS = 5
WARM_UP = 200

Say = Callable[[str], None]


class WrongCount(Exception):
    """The database holds another number of rows than requests were answered with 200."""


def run(rows: int, say: Say) -> BenchResult:
    """Send `rows` events to each side, in ROUNDS turns."""
    with ExitStack() as stack:
        url = stack.enter_context(scratch_database())
        vendors = stack.enter_context(_sandbox())
        with database.cursor() as cursor:
            cursor.execute(floor.TABLE)
        extra = {"NEXA_SANDBOX_URL": vendors.url}
        ours = stack.enter_context(
            web_server(url, settings="nexa.settings", ready_path="/healthz", extra=extra)
        )
        bare = stack.enter_context(
            web_server(
                url, settings="nexa.bench.floor_settings", ready_path="/healthz", extra=extra
            )
        )
        connection = _connected(vendors, ours)
        target = f"{ours.address}{webhook_url(connection).removeprefix(settings.NEXA_BASE_URL)}"
        make = _shot_maker(connection, vendors)
        return _measured(rows, ours, target, bare, make, say)


def _measured(
    rows: int,
    ours: Server,
    target: str,
    bare: Server,
    make: Callable[[int], list[Shot]],
    say: Say,
) -> BenchResult:
    portion = max(rows // ROUNDS, THREADS)
    floor_url = f"{bare.address}/insert/"
    for url in (target, floor_url):
        fired(url, make(WARM_UP))
    before = ours.memory_mb()
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    for number in range(ROUNDS):
        sides = [("ours", target), ("floor", floor_url)]
        for name, url in sides if number % 2 == 0 else reversed(sides):
            rates[name].append(portion / fired(url, make(portion)))
        say(f"round {number + 1}: {rates['ours'][-1]:.0f}/s, floor {rates['floor'][-1]:.0f}/s")
    _check_counts(WARM_UP + ROUNDS * portion)
    return BenchResult(
        bench="webhooks",
        size=ROUNDS * portion,
        ours_per_s=statistics.median(rates["ours"]),
        floor_per_s=statistics.median(rates["floor"]),
        memory_growth_mb=ours.memory_mb() - before,
        details={
            "rounds": {name: [round(rate, 1) for rate in found] for name, found in rates.items()},
            "client_threads": THREADS,
            "ratio_of_rounds": [
                round(one / other, 3)
                for one, other in zip(rates["ours"], rates["floor"], strict=True)
            ],
        },
    )


def _check_counts(sent: int) -> None:
    """A rate counts only for what is in the database."""
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bench_floor")
        inserted = cursor.fetchone()[0]
    kept = InboxEvent.objects.count()
    if (kept, inserted) != (sent, sent):
        raise WrongCount(f"{sent} sent to each; kept {kept}, inserted by the floor {inserted}.")


def _connected(vendors: SandboxServer, ours: Server) -> Connection:
    provider = provider_with_events(vendors)
    app = vendors.vendors[provider.id].app
    owner = user_create(email="bench@bench.example")
    workspace = workspace_create(name="Bench", slug="bench", owner=owner)
    connection = connection_create(
        workspace=workspace,
        provider_id=provider.id,
        name="Bench",
        credentials=app.demo_credentials,
        settings={field.name: field.default for field in provider.settings_fields}
        | dict(app.demo_settings),
        actor=owner,
    )
    if connection.attention:
        raise NoSample(connection.attention)
    return connection


def _shot_maker(connection: Connection, vendors: SandboxServer) -> Callable[[int], list[Shot]]:
    sample = sample_of(connection.declaration)
    if sample is None:
        raise NoSample(f"{connection.provider} has no recorded event.")
    vendor = vendors.vendors[connection.provider]
    return lambda count: signed(sample, connection, vendor, count)


@contextmanager
def _sandbox() -> Iterator[SandboxServer]:
    """The vendors' fakes in this process, for us and for the server under test."""
    server = SandboxServer()
    before = settings.NEXA_SANDBOX_URL
    server.start()
    settings.NEXA_SANDBOX_URL = server.url
    try:
        yield server
    finally:
        settings.NEXA_SANDBOX_URL = before
        server.stop()
