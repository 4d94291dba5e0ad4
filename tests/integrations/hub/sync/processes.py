"""Starts worker processes on the test's own database and vendor."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import quote

from django.db import connection as database

from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor


def worker_start(
    vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5
) -> subprocess.Popen[bytes]:
    at = database.settings_dict
    address = f"{quote(at['USER'], safe='')}:{quote(at['PASSWORD'], safe='')}@"
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{address}/{at['NAME']}"
        f"?host={quote(str(at['HOST']), safe='')}&port={at['PORT']}",
        "NEXA_SANDBOX_URL": vendor.url,
        "DJANGO_SETTINGS_MODULE": "nexa.settings",
        "HUB_FAULT": fault,
        **shape.environment(),
    }
    command = [sys.executable, "-m", "tests.integrations.hub.sync.worker", str(seconds)]
    return subprocess.Popen(command, env=environment)


def worker_run(vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5) -> int:
    """Its exit code; -9 when it was killed."""
    return worker_start(vendor, shape, fault, seconds).wait(180)
