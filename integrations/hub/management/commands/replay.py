"""Replays dead work from the shell: jobs or inbound events, by id or all of a connection."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.models import User
from integrations.hub.errors import Conflict
from integrations.hub.inbox import event_replay
from integrations.hub.jobs import job_replay
from integrations.hub.management.calling import connection_required
from integrations.hub.models import InboxEvent, InboxState, JobState, SyncJob


class Command(BaseCommand):
    """Starts dead rows over, with all their retries; safe to run again."""

    help = "Replay dead jobs or events. Exit code 0 only when every row named could be replayed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("jobs", "events"))
        parser.add_argument("ids", nargs="*", type=int)
        parser.add_argument("--connection", type=int, help="All dead rows of this connection.")
        parser.add_argument("--reason", default="", help="Only those that died of this.")
        parser.add_argument("--actor", required=True, help="E-mail address of who asks for it.")
        parser.add_argument("--dry-run", action="store_true", help="List them only.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.filter(email=options["actor"].lower()).first()
        if actor is None:
            raise CommandError(f"There is no user {options['actor']}.")
        if not options["ids"] and options["connection"] is None:
            raise CommandError("Name ids, or a --connection.")
        connection_required(options["connection"])
        rows = _rows(options)
        refused = {} if options["dry_run"] else _replay(rows, options["what"], actor)
        missing = sorted(set(options["ids"]) - {row.pk for row in rows})
        refused |= {str(pk): "not found, or not dead" for pk in missing}
        self._report(rows, refused, options)
        if refused:
            raise SystemExit(1)

    def _report(self, rows: list[Any], refused: dict[str, str], options: dict[str, Any]) -> None:
        ids = [row.pk for row in rows if str(row.pk) not in refused]
        if options["json"]:
            self.stdout.write(json.dumps({"replayed": ids, "refused": refused}))
            return
        verb = "would be replayed" if options["dry_run"] else "replayed"
        self.stdout.write(f"{len(ids)} {options['what']} {verb}.")
        for pk, words in refused.items():
            self.stderr.write(f"{pk}: {words}")


def _rows(options: dict[str, Any]) -> list[Any]:
    rows: Any
    if options["what"] == "jobs":
        rows = SyncJob.objects.filter(state=JobState.DEAD)
    else:
        rows = InboxEvent.objects.filter(state=InboxState.DEAD)
    if options["ids"]:
        rows = rows.filter(pk__in=options["ids"])
    if options["connection"] is not None:
        rows = rows.filter(connection_id=options["connection"])
    if options["reason"]:
        rows = rows.filter(reason=options["reason"])
    return list(rows.order_by("pk"))


def _replay(rows: list[Any], what: str, actor: User) -> dict[str, str]:
    """Those that could not be replayed, and why."""
    refused: dict[str, str] = {}
    for row in rows:
        try:
            if what == "jobs":
                job_replay(row, actor=actor)
            else:
                event_replay(row, actor=actor)
        except Conflict as error:
            refused[str(row.pk)] = str(error)
    return refused
