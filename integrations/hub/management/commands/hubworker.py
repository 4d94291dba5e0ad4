"""Does the hub's work without the queue: for small installations, and while a cluster is down."""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections

from crm.unavailable import is_database_trouble
from integrations.hub import selectors, ticking
from integrations.hub.management.calling import vendors_required
from integrations.hub.outdated import OutdatedCode
from integrations.hub.pump import pump

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
TICK_SECONDS = 60.0
WATCH_SECONDS = 10.0
# Who was started with us after a long rest needs a minute to its first sign of life.
GRACE_SECONDS = 120.0


class Command(BaseCommand):
    """Runs the pump until it is told to stop."""

    help = (
        "Works on jobs and events without the queue. --once ends when nothing is due any more; "
        "--watch exits with code 3 when workers have been silent for three minutes, for a "
        "supervisor that restarts the cluster."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--once", action="store_true", help="Drain what is due, then end.")
        mode.add_argument(
            "--watch", action="store_true", help="Do no work; end with code 3 when nobody does."
        )
        parser.add_argument("--seconds", type=float, default=0, help="End after so long.")
        parser.add_argument(
            "--grace",
            type=float,
            default=GRACE_SECONDS,
            help="Seconds that --watch gives a cluster to show life first (%(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["watch"]:
            vendors_required()
        if options["once"]:
            items = pump(options["seconds"] or 300.0, until_idle=True)
            self.stdout.write(f"{items} pieces of work done.")
            return
        stop = _stop_event(options["seconds"])
        if options["watch"]:
            self._watch(stop, options["grace"])
        else:
            self._work(stop)

    def _work(self, stop: threading.Event) -> None:
        next_tick = time.monotonic()

        def work() -> float:
            nonlocal next_tick
            if time.monotonic() >= next_tick:
                ticking.tick()
                next_tick = time.monotonic() + TICK_SECONDS
            return 0.0 if pump(budget_seconds=5.0) else PAUSE_SECONDS

        try:
            _repeat(work, stop)
        except OutdatedCode as error:
            raise CommandError(str(error)) from None

    def _watch(self, stop: threading.Event, grace: float) -> None:
        def look() -> float:
            health = selectors.hub_health()
            if health.is_stuck:
                self.stderr.write(health.message)
                raise SystemExit(3)
            return WATCH_SECONDS

        stop.wait(grace)
        _repeat(look, stop)


def _repeat(work: Callable[[], float], stop: threading.Event) -> None:
    """Work, and rest for the seconds it answers, until told to stop.

    A database that is away, or full, is waited for: it comes back without us, and so do we.
    """
    patience = PAUSE_SECONDS
    while not stop.is_set():
        close_old_connections()
        try:
            pause, patience = work(), PAUSE_SECONDS
        except Error as error:
            if not is_database_trouble(error):
                raise
            pause, patience = patience, min(patience * 2, LONGEST_PAUSE_SECONDS)
            logger.exception("the database does not serve us; trying again in %.0f s", pause)
        stop.wait(pause)


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
