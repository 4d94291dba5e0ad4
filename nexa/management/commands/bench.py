"""`manage.py bench`: measures one way through the program against the floor of this machine."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from nexa.bench import BENCHES


class Command(BaseCommand):
    """Prints what it sees; its last line is one JSON object."""

    help = "Measure: bench import|jobs|sync|webhooks [--rows N] [--json]. The last line is JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        words = "how much to do; each bench has its own size"
        parser.add_argument("--rows", "--records", dest="rows", type=int, help=words)
        parser.add_argument("--json", action="store_true", help="only the JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        bench = BENCHES[options["name"]]
        rows = bench.rows if options["rows"] is None else options["rows"]
        if rows < 1:
            raise CommandError("--rows must be at least 1.")
        say = (lambda text: None) if options["json"] else self._say
        # Named, not imported: what one bench needs must not keep another from running.
        result = import_string(bench.run)(rows, say)
        if not options["json"]:
            self._say(
                f"{result.bench}: {result.ours_per_s:.0f}/s, floor {result.floor_per_s:.0f}/s, "
                f"ratio {result.ratio_to_floor:.2f}"
            )
        self.stdout.write(result.as_json())

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
