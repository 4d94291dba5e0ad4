"""System checks of the set-up: what `manage.py check` and every start refuse or warn of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@register(Tags.security)
def encryption_keys_are_usable(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Without a valid key no credential can be stored or read."""
    broken = [
        number
        for number, key in enumerate(settings.NEXA_ENCRYPTION_KEYS, start=1)
        if not is_fernet_key(key)
    ]
    return [
        Error(
            f"Key {number} of NEXA_ENCRYPTION_KEYS is not a Fernet key.",
            hint="Make one with: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'",
            id="nexa.E001",
        )
        for number in broken
    ]


@register(Tags.database)
def database_suits(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The engine relies on PostgreSQL, and on deciding itself where a transaction begins."""
    default = settings.DATABASES["default"]
    found: list[CheckMessage] = []
    if "postgresql" not in default["ENGINE"] and default["ENGINE"] != "nexa.embedded.backend":
        found.append(Error("The database must be PostgreSQL.", id="nexa.E002"))
    if default.get("ATOMIC_REQUESTS"):
        found.append(
            Error(
                "ATOMIC_REQUESTS must stay off.",
                hint="A web-hook is answered only after its own commit.",
                id="nexa.E003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def production_is_no_demo(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """What a demo or a developer may do, and an installation for real may not."""
    found: list[CheckMessage] = []
    if settings.NEXA_SANDBOX_URL:
        found.append(
            Error(
                "NEXA_SANDBOX_URL is set: no call reaches a vendor.",
                hint="Unset it; it is for demos and tests.",
                id="nexa.E010",
            )
        )
    if settings.DEMO:
        found.append(
            Error("NEXA_DEMO is on.", hint="Unset it; its secrets are made up.", id="nexa.E011")
        )
    if not settings.EMAIL_HOST:
        found.append(
            Warning(
                "EMAIL_HOST is not set: passwords cannot be reset by mail.",
                hint="Set EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER and EMAIL_HOST_PASSWORD.",
                id="nexa.W012",
            )
        )
    return found


@register(Tags.security, deploy=True)
def base_url_is_ours(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Vendors call it and mails link to it."""
    address = urlsplit(settings.NEXA_BASE_URL)
    host = address.hostname or ""
    if host in LOOPBACK_HOSTS or address.scheme != "https":
        return [
            Warning(
                f"NEXA_BASE_URL is {settings.NEXA_BASE_URL}: vendors cannot send web-hooks there.",
                hint="Set it to the public https:// address of this installation.",
                id="nexa.W013",
            )
        ]
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return [
            Error(
                f"The host of NEXA_BASE_URL, {host}, is not in ALLOWED_HOSTS.",
                hint="Add it: every request to it is refused now.",
                id="nexa.E014",
            )
        ]
    return []


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key.strip())
    except ValueError:
        return False
    return True
