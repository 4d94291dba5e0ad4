"""Starts worker processes on the test's own database and vendor."""

from __future__ import annotations

from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.queue.processes import Process, process_start

WORKER = "tests.integrations.hub.sync.worker"


def worker_start(
    vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5, *words: str
) -> Process:
    extra = {"NEXA_SANDBOX_URL": vendor.url, "HUB_FAULT": fault, **shape.environment()}
    return process_start(WORKER, seconds, *words, extra=extra)


def worker_run(vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5) -> int:
    """Its exit code; -9 when it was killed."""
    return worker_start(vendor, shape, fault, seconds).wait(180)
