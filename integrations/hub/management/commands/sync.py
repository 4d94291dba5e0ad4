"""Pulls and sends now, from the shell, and says what it did; the same engine as the cluster's."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.hub import disk
from integrations.hub.errors import Conflict, HubError
from integrations.hub.management.calling import calls_quiet, vendors_required
from integrations.hub.mapping.asking import vendor_ask
from integrations.hub.models import (
    ConnectionState,
    JobState,
    RunKind,
    RunStatus,
    SyncRun,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync.rehearsal import rehearsal_dry
from integrations.hub.sync.steering import by_operator, cursor_rewind, stream_sync_now

POLL_SECONDS: Final = 0.5


class Command(BaseCommand):
    """Runs the streams that are named, until each has been read to its end or has failed."""

    help = (
        "Pull from connected systems now, and send what waits. Exit code 0 only when every stream "
        "that was named was read to its end and no record of the run failed; whether the two sides "
        "are in step is told by manage.py reconcile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connection", type=int, help="Only this connection (its number).")
        parser.add_argument("--provider", default="", help="Only this provider, by its id.")
        parser.add_argument("--object", default="", help="Only this kind, such as contacts.")
        parser.add_argument(
            "--since",
            type=_moment,
            help="Read again what was changed since, such as 2026-11-01T08:00Z.",
        )
        parser.add_argument("--full", action="store_true", help="Read everything and compare it.")
        parser.add_argument("--dry-run", action="store_true", help="Read all, and write nothing.")
        parser.add_argument("--seconds", type=float, default=600.0, help="Give up after so long.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        vendors_required()
        states = list(_states(options))
        if not states:
            raise CommandError("No stream of a connected system fits; see manage.py doctor.")
        last = _last_run_id()
        with calls_quiet(options["verbosity"]):
            refused = _rehearse(states) if options["dry_run"] else _begin(states, options)
            begun = [state for state in states if state.pk not in refused]
            is_over = options["dry_run"] or _work(begun, options["seconds"])
        lines = [_line(state, last, refused.get(state.pk, "")) for state in states]
        self._report(lines, options)
        if refused or not is_over or any(line["status"] in _BAD for line in lines):
            raise SystemExit(1)

    def _report(self, lines: list[dict[str, Any]], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"dry_run": options["dry_run"], "streams": lines}))
            return
        for line in lines:
            counts = ", ".join(
                f"{line[name]} {name}" for name in ("total", "created", "updated", "failed")
            )
            gone = f", {line['gone']} gone there" if line["gone"] else ""
            words = f"{line['connection']} {line['object']}: {line['status']} ({counts}{gone})"
            self.stdout.write(f"{words} {line['error']}".rstrip())


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("write a time as 2026-11-01T08:00Z") from error


REFUSED, UNFINISHED = "refused", "not finished"
_BAD: Final = (RunStatus.FAILED, RunStatus.HELD, RunStatus.PARTIAL, REFUSED, UNFINISHED)


def _states(options: dict[str, Any]) -> QuerySet[SyncState]:
    wanted = Q(connection__state=ConnectionState.ACTIVE)
    if options["connection"] is not None:
        wanted = Q(connection=options["connection"])
    if options["provider"]:
        wanted &= Q(connection__provider=options["provider"])
    if options["object"]:
        wanted &= Q(object=options["object"])
    rows = SyncState.objects.filter(wanted, is_enabled=True)
    return rows.select_related("connection__workspace").order_by("connection", "order")


def _rehearse(states: list[SyncState]) -> dict[int, str]:
    """Read everything and take it over on trial only; what could not be read, and why."""
    refused: dict[int, str] = {}
    for state in states:
        try:
            vendor_ask(state.connection, partial(rehearsal_dry, state))
        except HubError as error:
            refused[state.pk] = str(error)
    return refused


def _begin(states: list[SyncState], options: dict[str, Any]) -> dict[int, str]:
    """Make them due; those that cannot be, and why."""
    origin = by_operator(None, "manage.py sync")
    refused: dict[int, str] = {}
    for state in states:
        try:
            if options["since"]:
                cursor_rewind(state, options["since"], origin=origin)
            stream_sync_now(state, origin=origin, is_full=options["full"])
        except Conflict as error:
            refused[state.pk] = str(error)
    short = disk.short_disk()
    if short is not None:
        refused |= {state.pk: f"Nothing is pulled now: {short.words}." for state in states}
    return refused


def _work(states: list[SyncState], seconds: float) -> bool:
    """Pump here, beside any cluster, until nothing of them waits; False when time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pump(min(20.0, until - time.monotonic()))
        if not _is_waiting(states):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _is_waiting(states: list[SyncState]) -> bool:
    ids = [state.pk for state in states]
    fresh = SyncState.objects.filter(pk__in=ids).select_related("connection")
    return any(_is_busy(state) for state in fresh)


def _is_busy(state: SyncState) -> bool:
    if state.run_cursor is not None and state.is_live and state.error_count == 0:
        return True
    waiting = state.connection.jobs.filter(
        record_type=state.record_type, state__in=(JobState.READY, JobState.LEASED), attempts=0
    )
    return state.connection.state == ConnectionState.ACTIVE and waiting.exists()


def _last_run_id() -> int:
    return SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _line(state: SyncState, last: int, refusal: str) -> dict[str, Any]:
    """What became of one stream, from its run's own line in the log."""
    run = (
        SyncRun.objects.filter(
            connection=state.connection,
            object=state.object,
            kind__in=(RunKind.PULL, RunKind.FULL, RunKind.REHEARSAL),
            pk__gt=last,
        )
        .order_by("-pk")
        .first()
    )
    return {
        "connection": state.connection.name,
        "object": state.object,
        "status": REFUSED if refusal else _status(state, run),
        "total": run.total if run else 0,
        "created": run.created if run else 0,
        "updated": run.updated if run else 0,
        "failed": run.failed if run else 0,
        "gone": run.deleted if run else 0,
        "error": refusal or _reason(state, run),
    }


def _status(state: SyncState, run: SyncRun | None) -> str:
    if run is None:
        return UNFINISHED if state.is_pulled else "nothing to read"
    return UNFINISHED if run.status == RunStatus.RUNNING else run.status


def _reason(state: SyncState, run: SyncRun | None) -> str:
    """Of a run that goes on later it stands on the stream, or on what holds the connection back."""
    if _status(state, run) != UNFINISHED:
        return run.error if run else ""
    fresh = SyncState.objects.select_related("connection").get(pk=state.pk)
    connection = fresh.connection
    if connection.state != ConnectionState.ACTIVE:
        return f"{connection} {connection.state_words}."
    if fresh.last_error or fresh.hold_reason:
        return fresh.last_error or fresh.hold_reason
    if connection.gate_until is not None and connection.gate_until > timezone.now():
        return f"{connection.get_gate_reason_display()}."
    return "Time is up; it goes on in the background."
