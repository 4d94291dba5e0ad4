"""Compares streams with their vendors from the shell, whole and now; mends on request."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from integrations.hub.errors import HubError
from integrations.hub.management.calling import calls_quiet, vendors_required
from integrations.hub.mapping.asking import vendor_ask
from integrations.hub.models import ConnectionState, SyncRun, SyncStage, SyncState
from integrations.hub.sync.comparing import SHOWN
from integrations.hub.sync.reconciling import reconcile_now

AMISS: Final = (
    "Not everything is in step, so this ends with 1. --repair mends what differs or is missing; "
    "what waits for a decision is under Conflicts, what is set aside on the page of its stream."
)


class Command(BaseCommand):
    """Reads all there is at the vendor and writes nothing, unless it is told to mend."""

    help = "Compare live streams with their vendors. Exit code 0 only when nothing is amiss."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connection", type=int, help="Only this connection, by its number.")
        parser.add_argument("--object", default="", help="Only this kind of record.")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Have what is amiss looked at anew.",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        vendors_required()
        states = _states(options)
        if not states:
            raise CommandError("There is no live stream like that.")
        with calls_quiet(options["verbosity"]):
            lines = [self._line(state, options) for state in states]
        if options["json"]:
            self.stdout.write(json.dumps(lines))
        if any(line.get("error") or line["percent"] < 100 for line in lines):
            self.stderr.write(AMISS)
            raise SystemExit(1)

    def _line(self, state: SyncState, options: dict[str, Any]) -> dict[str, Any]:
        is_repair: bool = options["repair"]
        line: dict[str, Any] = {"connection": state.connection_id, "object": state.object}
        try:
            run = vendor_ask(state.connection, lambda: reconcile_now(state, is_repair=is_repair))
        except HubError as error:
            self.stderr.write(f"{state}: {error}")
            return {**line, "error": str(error), "percent": 0.0}
        if not options["json"]:
            self._say(state, run)
        if is_repair and not run.details["repair"]:
            why = state.hold_reason or "The connection or the stream is not at work."
            self.stderr.write(f"{state}: nothing was mended. {why}")
        return {**line, "run": run.pk, "error": "", **_result(run)}

    def _say(self, state: SyncState, run: SyncRun) -> None:
        counts = run.details["counts"]
        gaps = [f"{words.lower()} {counts[one]}" for one, words in SHOWN.items() if counts.get(one)]
        words = f"{state}: {run.details['percent']} % in step" + "".join(f", {one}" for one in gaps)
        self.stdout.write(words)


def _result(run: SyncRun) -> dict[str, Any]:
    return {name: run.details[name] for name in ("percent", "counts", "samples", "repair")}


def _states(options: dict[str, Any]) -> list[SyncState]:
    rows = SyncState.objects.filter(stage=SyncStage.LIVE)
    rows = rows.exclude(connection__state=ConnectionState.DISABLED)
    if options["connection"] is not None:
        rows = rows.filter(connection=options["connection"])
    if options["object"]:
        rows = rows.filter(object=options["object"])
    return list(rows.select_related("connection__workspace").order_by("connection", "order"))
