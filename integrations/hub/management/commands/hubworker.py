"""Does the hub's work without the queue: for small installations, and while a cluster is down."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from integrations.hub import selectors, ticking
from integrations.hub.pump import pump

PAUSE_SECONDS = 1.0
TICK_SECONDS = 60.0


class Command(BaseCommand):
    """Runs the pump until it is told to stop."""

    help = (
        "Works on jobs and events without the queue. --once ends when nothing is due any more; "
        "--watch exits with code 3 when work is stuck, for a supervisor that restarts the cluster."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--once", action="store_true", help="Drain what is due, then end.")
        mode.add_argument(
            "--watch", action="store_true", help="Do no work; end with code 3 when it is stuck."
        )
        parser.add_argument("--seconds", type=float, default=0, help="End after so long.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            items = pump(options["seconds"] or 300.0, until_idle=True)
            self.stdout.write(f"{items} pieces of work done.")
            return
        stop = _stop_event(options["seconds"])
        if options["watch"]:
            self._watch(stop)
        else:
            self._work(stop)

    def _work(self, stop: threading.Event) -> None:
        elapsed = TICK_SECONDS
        while not stop.is_set():
            close_old_connections()
            if elapsed >= TICK_SECONDS:
                ticking.tick()
                elapsed = 0.0
            items = pump(budget_seconds=5.0)
            if not items:
                stop.wait(PAUSE_SECONDS)
            elapsed += PAUSE_SECONDS if not items else 5.0

    def _watch(self, stop: threading.Event) -> None:
        while not stop.wait(10.0):
            close_old_connections()
            health = selectors.hub_health()
            if health.is_stuck:
                self.stderr.write(health.message)
                raise SystemExit(3)


def _stop_event(seconds: float) -> threading.Event:
    """Set by SIGTERM, by Ctrl-C, or when the time is over; the work in hand is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if seconds:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    return stop
