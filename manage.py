#!/usr/bin/env python
"""The operator's door: every command of Nexa CRM starts here."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line
from django.utils.module_loading import import_string

# These have to work on a machine whose settings are missing or wrong.
WITHOUT_SETTINGS = frozenset({"demo", "doctor", "run"})


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexa.settings")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in WITHOUT_SETTINGS:
        import_string(f"nexa.management.commands.{name}.Command")().run_from_argv(sys.argv)
    else:
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
