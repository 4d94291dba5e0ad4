"""What a limiter must never break: calls in any window are at most burst + rate times window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.hub.provider import RateLimit


@dataclass(frozen=True)
class Call:
    """One call that was let through, at some moment between two looks at the database's clock."""

    earliest: float
    latest: float


def windows_check(calls: Sequence[Call], limit: RateLimit) -> None:
    """I11, over every window that begins and ends with a call; no slack but the clock's."""
    ordered = sorted(calls, key=lambda call: call.latest)
    for first, start in enumerate(ordered):
        for last in range(first + limit.burst_size, len(ordered)):
            seconds = ordered[last].latest - start.earliest
            most = limit.burst_size + seconds / limit.step_seconds
            count = last - first + 1
            assert count <= most + 1e-6, f"{count} calls of {limit} in {seconds:.3f} s"
