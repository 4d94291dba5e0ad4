"""A worker process for the kill tests: `python -m tests.integrations.hub.sync.worker SECONDS`.

It ends when nothing is due any more; with `hubworker` after the seconds it goes on until then.
"""

from __future__ import annotations

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from integrations.hub import registry  # noqa: E402
from integrations.hub.pump import pump  # noqa: E402
from tests.integrations.hub.mirror import provider_make  # noqa: E402
from tests.integrations.hub.mirror_calls import shape_of_environment  # noqa: E402


def main(seconds: str, mode: str = "") -> None:
    registry.add(provider_make(shape_of_environment()))
    if mode == "hubworker":
        call_command("hubworker", f"--seconds={seconds}")
    else:
        pump(budget_seconds=float(seconds), until_idle=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
