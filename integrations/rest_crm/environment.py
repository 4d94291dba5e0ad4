"""Reads the CRM_* variables into what a connection is made of; pure, the hub makes it at start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from integrations.hub.errors import InvalidSettings
from integrations.hub.types import EnvironmentConnection
from integrations.rest_crm.configuration import configuration_of
from integrations.rest_crm.settings_reading import FALSE_WORDS, TRUE_WORDS

# Variable, and the setting it becomes.
SETTINGS = {
    "CRM_API_URL": "base_url",
    "CRM_WEBHOOK_URL": "webhook_url",
    "CRM_TIMEOUT": "timeout_ms",
    "CRM_RETRY_ATTEMPTS": "retry_attempts",
    "CRM_RETRY_DELAY": "retry_delay_ms",
}
NUMBERS = frozenset({"CRM_TIMEOUT", "CRM_RETRY_ATTEMPTS", "CRM_RETRY_DELAY"})
CREDENTIALS = {
    "CRM_API_KEY": "api_key",
    "CRM_API_SECRET": "api_secret",
    "CRM_WEBHOOK_SECRET": "webhook_secret",
}
REQUIRED = ("CRM_API_URL", "CRM_API_KEY", "CRM_API_SECRET")
LONGEST = 1000


def environment_connection(environ: Mapping[str, str]) -> EnvironmentConnection | None:
    """What the variables say; None when neither CRM_ENABLED nor CRM_API_URL is set.

    Raises ImproperlyConfigured naming every variable that is wrong; never repeats a secret.
    """
    values = {name: value.strip() for name, value in environ.items() if name.startswith("CRM_")}
    if not _is_enabled(values):
        return EnvironmentConnection(is_enabled=False) if values.get("CRM_ENABLED") else None
    faults = _faults(values)
    settings: dict[str, Any] = {
        setting: int(values[name]) if name in NUMBERS else values[name]
        for name, setting in SETTINGS.items()
        if values.get(name) and name not in faults
    }
    if not faults:
        faults = _setting_faults(settings)
    if faults:
        raise ImproperlyConfigured(
            " ".join(f"{name}: {words}" for name, words in sorted(faults.items()))
        )
    secrets = {key: values[name] for name, key in CREDENTIALS.items() if values.get(name)}
    return EnvironmentConnection(settings=settings, credentials=secrets)


def _is_enabled(values: Mapping[str, str]) -> bool:
    word = values.get("CRM_ENABLED", "").lower()
    if word and word not in TRUE_WORDS | FALSE_WORDS:
        raise ImproperlyConfigured("CRM_ENABLED: Enter true or false.")
    return word in TRUE_WORDS if word else bool(values.get("CRM_API_URL"))


def _faults(values: Mapping[str, str]) -> dict[str, str]:
    faults = {
        name: "Set it, or set CRM_ENABLED=false." for name in REQUIRED if not values.get(name)
    }
    for name in NUMBERS:
        text = values.get(name, "")
        if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
            faults[name] = f"{text[:40]!r} is no whole number."
    for name in CREDENTIALS:
        if not _is_secret(values.get(name, "")):
            faults[name] = "It is too long, or holds blanks or characters that no header takes."
    url = values.get("CRM_WEBHOOK_URL", "")
    if url and not _is_https(url):
        faults["CRM_WEBHOOK_URL"] = "Enter an address that starts with https://."
    return faults


def _setting_faults(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the settings themselves refuse, by the variable they came from."""
    try:
        configuration = configuration_of(settings)
    except InvalidSettings as refusal:
        names = {setting: name for name, setting in SETTINGS.items()}
        return {names[setting]: " ".join(words) for setting, words in refusal.errors.items()}
    if not _is_https(configuration.base_url):
        return {"CRM_API_URL": "Enter an address that starts with https://."}
    return {}


def _is_secret(text: str) -> bool:
    return len(text) <= LONGEST and all(33 <= ord(character) < 127 for character in text)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
