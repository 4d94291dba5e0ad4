"""Builds the icon sprite and the font before collectstatic; runs in `make demo` and the image."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from nexa.assets.build import build


class Command(BaseCommand):
    """Write icons.svg, the brand icons and fonts/ into ASSETS_BUILD_FOLDER."""

    help = "Build the icon sprite, the brand icons and the font subset that the pages use."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.ASSETS_BUILD_FOLDER)

    def handle(self, *args: Any, **options: Any) -> None:
        for built in build(options["folder"]):
            state = "built" if built.is_new else "unchanged"
            self.stdout.write(f"{built.path.name}  {built.size / 1024:.1f} kB  {state}")
