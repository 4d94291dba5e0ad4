"""`manage.py bench` with the schema of this run to copy, where there is one: each would migrate."""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from tests import schema

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexa.settings")

if __name__ == "__main__":
    if schema.VARIABLE in os.environ:
        settings.DATABASES["default"]["TEST"] = {"TEMPLATE": schema.schema_made()}
    django.setup()
    execute_from_command_line(["manage.py", "bench", *sys.argv[1:]])
