"""Starts worker processes on the test's own database and vendor."""

from __future__ import annotations

from tests.forked import Forked
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor

WORKER = "tests.integrations.hub.sync.worker"


def worker_start(
    vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5, *words: str
) -> Forked:
    extra = {"NEXA_SANDBOX_URL": vendor.url, "HUB_FAULT": fault, **shape.environment()}
    return Forked(WORKER, seconds, *words, **extra)


def worker_run(vendor: MirrorVendor, shape: Shape, fault: str = "", seconds: float = 5) -> int:
    """Its exit code; -9 when it was killed."""
    return worker_start(vendor, shape, fault, seconds).wait(180)
