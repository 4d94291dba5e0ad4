"""An operator's look from a shell: the demo is in step with its vendors, and nothing is to mend."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any, Final

from nexa.demo.check.browser import CheckFailed
from nexa.demo.check.walk import Walk
from nexa.serve.commands import PROJECT, manage_command

SETTLING_SECONDS: Final = 90.0
COMMAND_SECONDS: Final = 120.0


def all_in_step(walk: Walk) -> str:
    """Every stream compared whole, with nothing set aside; what is on its way is waited for."""
    until = time.monotonic() + SETTLING_SECONDS
    while unsettled := _unsettled(walk):
        if time.monotonic() > until:
            raise CheckFailed("; ".join(unsettled))
        time.sleep(2.0)
    return "every stream 100 % in step; the doctor has nothing to mend"


def _unsettled(walk: Walk) -> list[str]:
    lines = _told(walk, "reconcile", "--json")
    apart = [f"{one['object']}: {one['percent']} %" for one in lines if one["percent"] < 100]
    if apart:
        return apart
    parts = _told(walk, "doctor", "--json")["parts"]
    return [one["said"] for one in parts if one["part"] == "Sync" and not one["ok"]]


def _told(walk: Walk, *arguments: str) -> Any:
    """What an operator's command answers; as in their shell, nobody names it the sandbox."""
    environment = walk.plan.environment()
    del environment["NEXA_SANDBOX_URL"]
    done = subprocess.run(  # noqa: S603  # our own command
        manage_command(*arguments),
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise CheckFailed(f"{arguments[0]} says: {done.stderr[-200:]}") from None
