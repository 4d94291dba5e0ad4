"""What the commands of operators ask first."""

from __future__ import annotations

from django.core.management.base import CommandError

from integrations.hub.http import SandboxMissing, sandbox_required
from integrations.hub.models import Connection


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
