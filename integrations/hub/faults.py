"""Fault points for the failure tests; a process that starts without HUB_FAULT has none.

`HUB_FAULT=push.after_api:kill@3` kills the process at the third hit; `raise`, `dberror`, `stop`
(until it is sent SIGCONT) and `sleep` (30 s, or `sleep=2`) are the other acts, several points are
parted by commas.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

from django.db import OperationalError

VARIABLE = "HUB_FAULT"
_hits: Counter[str] = Counter()


class FaultRaised(Exception):
    """Raised by a fault point that was told to."""


def _nothing(name: str) -> None:
    """What a fault point is in production."""


def _planned(name: str) -> None:
    _act(name, os.environ.get(VARIABLE, ""))


# A named place where a test may break the process. Settled when a process starts, so that nothing
# can arm one that serves people.
fault: Callable[[str], None] = _planned if VARIABLE in os.environ else _nothing


def _act(name: str, plan: str) -> None:
    for entry in plan.split(","):
        point, _, rest = entry.partition(":")
        if point.strip() != name:
            continue
        act, _, hit = rest.partition("@")
        _hits[name] += 1
        if not hit or _hits[name] == int(hit):
            _do(name, act)


def _do(name: str, act: str) -> None:
    verb, _, value = act.partition("=")
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if verb == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if verb == "sleep":
        time.sleep(float(value or 30))
    if verb == "dberror":
        raise OperationalError(f"fault at {name}")
    if verb == "raise":
        raise FaultRaised(f"fault at {name}")
