"""Times as HubSpot writes them: ISO with milliseconds and Z; milliseconds inside."""

from __future__ import annotations

import datetime
import time

DAY_MS = 86_400_000


def now_ms() -> int:
    return int(time.time() * 1000)


def iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds_of(text: str) -> int | None:
    """Of milliseconds or an ISO time, as texts; None for anything else."""
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    whole = int(moment.replace(microsecond=0).timestamp()) * 1000
    return whole + moment.microsecond // 1000
