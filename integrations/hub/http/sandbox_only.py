"""A demo speaks with its sandbox and with nobody else: its records must reach no real vendor."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from integrations.hub.errors import GateClosed

AGAIN_SECONDS: Final = 60.0


class SandboxMissing(GateClosed):
    """The demo is not running, so there is no sandbox to ask: start it by `make demo`."""


def sandbox_required() -> None:
    """Raise SandboxMissing in a demo without its sandbox; work waits then and loses no try."""
    if settings.DEMO and not settings.NEXA_SANDBOX_URL:
        raise SandboxMissing(after=AGAIN_SECONDS)
