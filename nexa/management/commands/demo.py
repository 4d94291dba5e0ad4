"""`manage.py demo`: everything on this machine, with demo data; needs no settings."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nexa.demo.check.run import demo_checked
from nexa.demo.plan import FIRST_PORT, FIRST_SANDBOX_PORT, DemoPlan
from nexa.demo.run import demo_served
from nexa.serve.installation import data_folder
from nexa.supervisor import SupervisorError
from nexa.supervisor.ports import port_from


class Command(BaseCommand):
    """Start web, workers, database and the sandbox of vendors, until Ctrl-C."""

    help = "Start everything with demo data; --check drives it end to end and stops again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="prove it on throw-away data")
        parser.add_argument("--port", type=int, default=FIRST_PORT)
        parser.add_argument("--data", type=Path, help="data folder (else NEXA_DATA_DIR)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["check"]:
                self._check()
            else:
                demo_served(self._plan(options), self._say)
        except SupervisorError as error:
            raise CommandError(str(error)) from error

    def _check(self) -> None:
        if not demo_checked(self._say):
            raise CommandError("The check failed; see the table above.")

    def _plan(self, options: dict[str, Any]) -> DemoPlan:
        folder: Path = options["data"] or data_folder()
        return DemoPlan(folder.resolve(), options["port"], port_from(FIRST_SANDBOX_PORT))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
