"""`manage.py prepare`: everything between new code and a start: built files, migrations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from nexa.assets.build import build

# Pages of other packages that we do not show; hashing and compressing them takes long.
NOT_SERVED = ("redoc", "rest_framework")


class Command(BaseCommand):
    """Idempotent; run it once per machine and release, before web and workers start."""

    help = "Build and collect static files and apply migrations."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.ASSETS_BUILD_FOLDER
        build(folder)
        if folder not in settings.STATICFILES_DIRS:  # it was not there when settings were read
            settings.STATICFILES_DIRS.append(folder)
        call_command(
            "collectstatic", interactive=False, verbosity=0, ignore_patterns=list(NOT_SERVED)
        )
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("Static files are collected and all migrations are applied.")
