"""Runs the sandbox of vendors until it is told to stop."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.hub.sandbox.server import PortBusy, SandboxServer
from integrations.hub.sandbox.store import StoreUnusable


class Command(BaseCommand):
    """`manage.py sandbox`: every provider's fake on one port, with a control page at /."""

    help = "Run the vendors' sandbox: fakes of every provider, with a control page."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8100, help="0 takes a free port")
        parser.add_argument("--store", type=Path, help="keep the vendors' data in this file")
        parser.add_argument("--record", type=Path, help="append every exchange as a JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        try:
            server = SandboxServer(
                host=options["host"],
                port=options["port"],
                store=options["store"],
                record=options["record"],
            )
        except (PortBusy, StoreUnusable) as error:
            raise CommandError(str(error)) from error
        server.start()
        self.stdout.write(f"Sandbox of vendors: {server.url}/ (stop with Ctrl-C)")
        self.stdout.flush()
        stopping.wait()
        server.stop()
        self.stdout.write("Sandbox stopped.")
