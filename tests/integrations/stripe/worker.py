"""A worker process for the kill tests: `python -m tests.integrations.stripe.worker SECONDS`."""

from __future__ import annotations

import sys

import django

django.setup()

from integrations.hub.pump import pump  # noqa: E402


def main(seconds: str) -> None:
    pump(budget_seconds=float(seconds), until_idle=True)


if __name__ == "__main__":
    main(sys.argv[1])
