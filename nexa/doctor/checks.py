"""Django's own checks and ours, a line each; those for deployment not in a demo or DEBUG."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.checks import CheckMessage, Tags, run_checks
from django.core.checks.messages import WARNING

from nexa.doctor.finding import Finding

PART: Final = "Checks"
# All of them follow from one setting of ours.
OF_PLAIN_HTTP: Final = frozenset(f"security.W{number:03}" for number in (4, 5, 8, 12, 16, 21))
SHOWN: Final = 10
DJANGOS: Final = "See manage.py check --deploy."


def settings_found() -> list[Finding]:
    deploys = not (settings.DEBUG or settings.DEMO)
    # The database's own checks are made beside, where an unreachable one is told as such.
    found = [
        message
        for message in run_checks(
            tags=[Tags.security, Tags.models, Tags.urls, Tags.templates, "hub"],
            include_deployment_checks=deploys,
        )
        if message.level >= WARNING and not message.is_silenced()
    ]
    if not found:
        return [Finding(PART, "nothing to say" + ("" if deploys else " (demo or DEBUG)"))]
    plain = [] if settings.HTTPS else [one for one in found if one.id in OF_PLAIN_HTTP]
    others = [one for one in found if one not in plain]
    return [*_plain_http(plain), *map(_line, others[:SHOWN]), *_rest(len(others) - SHOWN)]


def _plain_http(messages: list[CheckMessage]) -> list[Finding]:
    if not messages:
        return []
    names = ", ".join(str(one.id) for one in messages)
    said = f"pages, passwords and cookies travel in clear ({names})"
    advice = "Set NEXA_BASE_URL to the public https:// address of this installation."
    return [Finding(PART, said, advice)]


def _rest(count: int) -> list[Finding]:
    return [Finding(PART, f"{count} more", DJANGOS)] if count > 0 else []


def _line(message: CheckMessage) -> Finding:
    said = " ".join(message.msg.split())
    return Finding(PART, f"{message.id}: {said}", message.hint or DJANGOS)
