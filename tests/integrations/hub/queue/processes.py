"""Real processes on the test's own database: workers, callers, and whole groups to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import quote

from django.db import connection as database

WORKER = "tests.integrations.hub.queue.worker"
CALLER = "tests.integrations.hub.queue.caller"


def process_start(
    module: str, *arguments: object, extra: Mapping[str, str] | None = None, **options: object
) -> subprocess.Popen[str]:
    """`python -m module arguments` in a process group of its own."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", module, *map(str, arguments)],
        env=environment(extra or {}),
        text=True,
        start_new_session=True,
        **options,
    )


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    at = database.settings_dict
    address = f"{quote(at['USER'], safe='')}:{quote(at['PASSWORD'], safe='')}@"
    return os.environ | {
        "DATABASE_URL": f"postgresql://{address}/{at['NAME']}"
        f"?host={quote(str(at['HOST']), safe='')}&port={at['PORT']}",
        "DJANGO_SETTINGS_MODULE": "nexa.settings",
        **extra,
    }
