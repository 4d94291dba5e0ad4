"""One worker of the jobs bench: `python -m nexa.bench.jobs_worker pump|floor [BATCH]`.

It says that it is ready, waits for a line, works until nothing is left, and tells what it did.
"""

from __future__ import annotations

import json
import sys

import django
import psutil

django.setup()

from integrations.hub import registry, selectors  # noqa: E402
from integrations.hub.pump import pump  # noqa: E402
from nexa.bench.jobs_floor import floor_drain  # noqa: E402
from nexa.bench.jobs_provider import provider  # noqa: E402

BUDGET_SECONDS = 25.0


def engine_drain() -> int:
    """As hubworker does: one pump after the other."""
    count = 0
    while selectors.is_work_due():
        count += pump(BUDGET_SECONDS)
    return count


def main(mode: str, batch: int) -> None:
    registry.add(provider)
    selectors.is_work_due()  # connected, before the clock runs
    print("ready", flush=True)
    sys.stdin.readline()
    before = psutil.Process().memory_info().rss
    count = floor_drain(batch) if mode == "floor" else engine_drain()
    grown = psutil.Process().memory_info().rss - before
    print(json.dumps({"count": count, "memory_growth_mb": grown / 1024**2}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
