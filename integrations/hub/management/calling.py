"""What the commands of operators ask first, and how they keep their answer readable."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management.base import CommandError

from integrations.hub.http import SandboxMissing, sandbox_required
from integrations.hub.models import Connection

OURS: Final = "integrations"


def vendors_required() -> None:
    """Raise CommandError where no vendor may be called; nothing of a stream is touched then."""
    try:
        sandbox_required()
    except SandboxMissing as error:
        raise CommandError(str(error)) from error


def connection_required(number: int | None) -> None:
    """Raise CommandError for a number that no connection has; None names none."""
    if number is not None and not Connection.objects.filter(pk=number).exists():
        raise CommandError(f"There is no connection {number}.")


@contextmanager
def calls_quiet(verbosity: int) -> Iterator[None]:
    """A line for every call to a vendor would drown the answer; what goes wrong is still logged."""
    logger = logging.getLogger(OURS)
    before = logger.level
    if verbosity < 2 and logger.getEffectiveLevel() == logging.INFO:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
