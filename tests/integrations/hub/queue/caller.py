"""Asks the limiter as often as it can; prints when it was let through, by the database's clock.

`python -m tests.integrations.hub.queue.caller CONNECTION SECONDS`
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import django

django.setup()

from integrations.hub import registry, throttle  # noqa: E402
from integrations.hub.models import Connection  # noqa: E402
from integrations.hub.provider import RateLimit  # noqa: E402
from tests.integrations.hub.queue import vendor  # noqa: E402
from tests.integrations.hub.queue.world import clock  # noqa: E402

LIMITS = (
    RateLimit("second", requests=25, seconds=1),
    RateLimit("ten", requests=150, seconds=10, burst=40),
)


def main(connection_id: str, seconds: str) -> None:
    registry.add(replace(vendor.provider, limits=LIMITS))
    connection = Connection.objects.get(pk=int(connection_id))
    calls = []
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        earliest = clock().timestamp()
        verdict = throttle.ask(connection)
        if verdict.is_admitted:
            calls.append((earliest, clock().timestamp()))
        else:
            time.sleep(min(verdict.wait_seconds, 0.01))
    print(json.dumps(calls), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
