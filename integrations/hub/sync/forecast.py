"""What the first sync of a stream will cost: calls to the vendor, and time."""

from __future__ import annotations

from math import ceil
from typing import Any

from integrations.hub.sync.findings import Findings
from integrations.hub.sync.scene import Scene
from integrations.hub.throttle import DEFAULT_LIMITS


def forecast(scene: Scene, found: Findings, seconds: float) -> dict[str, Any]:
    """Calls and seconds; the reading is as it was just now, the writing by what the vendor allows.

    `seconds` is how long the rehearsal took.
    """
    stream, sends = scene.stream, found.sent + found.made_there
    looks = ceil(sends / stream.read_size) if stream.find or stream.read else 0
    writes = ceil(sends / stream.write_size)
    reads = found.requests
    a_call = (seconds - found.seconds) / reads if reads else 0.0
    each = max(a_call, _step_seconds(scene))
    return {
        "calls": reads + looks + writes,
        "read_calls": reads,
        "write_calls": looks + writes,
        "seconds": round(seconds + (looks + writes) * each),
    }


def _step_seconds(scene: Scene) -> float:
    """Between two calls at the slowest of the limits."""
    limits = scene.connection.declaration.limits or DEFAULT_LIMITS
    return max(limit.step_seconds for limit in limits)
