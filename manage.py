#!/usr/bin/env python
"""The operator's door: every command of Nexa CRM starts here."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import ProgrammingError
from django.utils.module_loading import import_string

# The exit code of what could not even begin.
UNUSABLE = 2
UNDEFINED_TABLE = "42P01"
# These have to work on a machine whose settings are missing or wrong.
WITHOUT_SETTINGS = frozenset({"demo", "doctor", "run"})


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexa.settings")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in WITHOUT_SETTINGS:
        import_string(f"nexa.management.commands.{name}.Command")().run_from_argv(sys.argv)
        return
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A set-up that lacks something is told in a line; its traceback helps nobody mend it.
        hint = "`make manage ARGS=…` acts on the demo's data; `manage.py doctor` looks further."
        sys.exit(_said(f"{error}\n{hint}"))
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != UNDEFINED_TABLE:
            raise
        hint = "The database has no tables yet: run `make demo` (or `manage.py migrate`) first."
        sys.exit(_said(hint))


def _said(words: str) -> int:
    print(words, file=sys.stderr)
    return UNUSABLE


if __name__ == "__main__":
    main()
