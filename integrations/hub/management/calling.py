"""What every command that calls vendors asks first."""

from __future__ import annotations

from django.core.management.base import CommandError

from integrations.hub.http import SandboxMissing, sandbox_required


def vendors_required() -> None:
    """Raise CommandError where no vendor may be called; nothing of a stream is touched then."""
    try:
        sandbox_required()
    except SandboxMissing as error:
        raise CommandError(str(error)) from error
