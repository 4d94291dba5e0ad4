"""A worker process of its own for the kill tests: `python -m tests.integrations.hub.worker`."""

from __future__ import annotations

import sys

import django

django.setup()

from integrations.hub import registry  # noqa: E402
from integrations.hub.pump import pump  # noqa: E402
from tests.integrations.hub import echo  # noqa: E402


def main(seconds: str) -> None:
    registry.add(echo.provider)
    pump(budget_seconds=float(seconds), until_idle=True)


if __name__ == "__main__":
    main(sys.argv[1])
