"""`manage.py doctor`: what is wrong with the set-up and how to mend it."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from nexa.doctor.finding import Finding
from nexa.doctor.run import examine


class Command(BaseCommand):
    """Exit code 0 only when all is well."""

    help = "Look at every part of the set-up; say what is wrong and how to mend it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        is_well = all(finding.is_well for finding in found)
        if options["json"]:
            parts = [finding.as_json() for finding in found]
            self.stdout.write(json.dumps({"ok": is_well, "parts": parts}))
        else:
            self._told(found, is_well=is_well)
        if not is_well:
            sys.exit(1)

    def _told(self, found: list[Finding], *, is_well: bool) -> None:
        for finding in found:
            style = self.style.SUCCESS if finding.is_well else self.style.ERROR
            mark = "ok   " if finding.is_well else "WRONG"
            self.stdout.write(f"{style(mark)}  {finding.part:<19} {finding.said}")
            if finding.mend:
                self.stdout.write(f"       {'':<19} -> {finding.mend}")
        wrong = sum(not finding.is_well for finding in found)
        self.stdout.write("All is well." if is_well else f"{wrong} to mend.")
