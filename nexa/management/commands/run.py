"""`manage.py run`: web and workers of one machine, with the settings of the environment."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nexa.demo.plan import FIRST_PORT
from nexa.serve.installation import installation_served
from nexa.supervisor import SupervisorError


class Command(BaseCommand):
    """Migrates, collects the static files, then keeps web and workers alive until Ctrl-C."""

    help = "Run web and workers on this machine with your own settings, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=FIRST_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            installation_served(options["port"], self._say)
        except SupervisorError as error:
            raise CommandError(str(error)) from error

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
