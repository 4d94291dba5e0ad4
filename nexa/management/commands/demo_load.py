"""`manage.py demo_load`: the demo workspace and its sandbox connections; a step of `make demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.models import User
from integrations.hub.wake import wake
from nexa.demo.connections import DemoConnectionError, demo_connections_made
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import LOGINS_FILE, SALESPERSON, login_of, logins_made

ADDRESS_FILE = "demo-address"


class Command(BaseCommand):
    """Idempotent; refuses outside a demo, so that no real data gets demo people."""

    help = "Load the demo workspace (only with NEXA_DEMO=1)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo: demo data is loaded only with NEXA_DEMO=1.")
        logins = logins_made(settings.DATA_FOLDER / LOGINS_FILE)
        workspace = demo_workspace_made(logins)
        salesperson = User.objects.get(email=login_of(logins, SALESPERSON).email)
        address = settings.DATA_FOLDER / ADDRESS_FILE
        try:
            connected = demo_connections_made(workspace, salesperson, is_moved=_is_moved(address))
        except DemoConnectionError as error:
            raise CommandError(str(error)) from error
        address.write_text(settings.NEXA_BASE_URL, encoding="utf-8")
        wake()  # so that the workers show life at once, and not at their first round
        for name in connected:
            self.stdout.write(f"Connected {name}.")
        self.stdout.write("The demo workspace is loaded.")


def _is_moved(path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8") != settings.NEXA_BASE_URL
    except FileNotFoundError:
        return False
