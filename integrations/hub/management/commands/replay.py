"""Replays dead work from the shell: jobs or inbound events, by id or all of a connection."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from crm.models import User
from integrations.hub.errors import Conflict
from integrations.hub.inbox import event_replay
from integrations.hub.jobs import job_replay
from integrations.hub.management.calling import connection_required
from integrations.hub.models import InboxEvent, InboxState, JobState, SyncJob
from integrations.hub.pace import BULK_SIZE

MOST_LINES: Final = 50


class Command(BaseCommand):
    """Starts dead rows over, with all their retries; safe to run again."""

    help = "Replay dead jobs or events. Exit code 0 only when every row named could be replayed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=("jobs", "events"))
        parser.add_argument("ids", nargs="*", type=int)
        parser.add_argument("--connection", type=int, help="All dead rows of this connection.")
        parser.add_argument("--reason", default="", help="Only those that died of this.")
        parser.add_argument("--actor", required=True, help="E-mail address of who asks for it.")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="List them, with why each had ended; change nothing.",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = User.objects.filter(email=options["actor"].lower()).first()
        if actor is None:
            raise CommandError(f"There is no user {options['actor']}.")
        if not options["ids"] and options["connection"] is None:
            raise CommandError("Name ids, or a --connection.")
        connection_required(options["connection"])
        rows = _rows(options)
        if options["dry_run"]:
            self._foretell(rows, options)
        else:
            self._report(_replayed(rows, options["what"], actor), options)

    def _foretell(self, rows: QuerySet[Any], options: dict[str, Any]) -> None:
        """What would be replayed, and why it had ended; nothing is changed."""
        if options["json"]:
            told = [_as_json(row) for row in rows.iterator()]
            self.stdout.write(json.dumps({"would_replay": told}))
            return
        for row in rows[:MOST_LINES]:
            self.stdout.write(_line(row))
        count = rows.count()
        if count > MOST_LINES:
            self.stdout.write(f"… and {count - MOST_LINES:,} more.")
        self.stdout.write(f"{count:,} {options['what']} would be replayed.")

    def _report(self, done: Replayed, options: dict[str, Any]) -> None:
        missing = sorted(set(options["ids"]) - {*done.ids, *done.refused})
        refused = done.refused | dict.fromkeys(missing, "not found, or not dead")
        if options["json"]:
            said = {str(pk): words for pk, words in refused.items()}
            self.stdout.write(json.dumps({"replayed": done.ids, "refused": said}))
        else:
            self.stdout.write(f"{len(done.ids):,} {options['what']} replayed.")
            for pk, words in refused.items():
                self.stderr.write(f"{pk}: {words}")
        if refused:
            raise SystemExit(1)


@dataclass
class Replayed:
    """The rows that were started over, and why the others were not."""

    ids: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def _rows(options: dict[str, Any]) -> QuerySet[Any]:
    rows: QuerySet[Any]
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
    return rows.order_by("pk")


def _replayed(rows: QuerySet[Any], what: str, actor: User) -> Replayed:
    """Each in a transaction of its own; more than a person would name give way to their work."""
    done = Replayed()
    is_of_many = rows.count() > BULK_SIZE
    for row in rows.iterator():
        try:
            if what == "jobs":
                job_replay(row, actor=actor, is_of_many=is_of_many)
            else:
                event_replay(row, actor=actor)
        except Conflict as error:
            done.refused[row.pk] = str(error)
        else:
            done.ids.append(row.pk)
    return done


def _line(row: SyncJob | InboxEvent) -> str:
    return f"{row.pk}: {row}, ended by {row.reason or 'nothing said'}: {row.last_error[:200]}"


def _as_json(row: SyncJob | InboxEvent) -> dict[str, Any]:
    return {"id": row.pk, "what": str(row), "reason": row.reason, "error": row.last_error[:200]}
