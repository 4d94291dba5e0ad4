"""Checks what a person typed for a connection against what its provider declares; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings as django_settings

from integrations.hub.access import CredentialField, SettingField
from integrations.hub.errors import InvalidSettings
from integrations.hub.provider import Provider

LONGEST_TEXT = 1000
LONGEST_BIG_TEXT = 20_000
BIG_TEXTS = ("multiline", "json")
TRUE_WORDS = frozenset({"true", "1", "on", "yes"})
FALSE_WORDS = frozenset({"false", "0", "off", "no", ""})


def credentials_clean(
    provider: Provider, values: Mapping[str, str], *, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The secrets to store; one left blank keeps what was stored before.

    Raises InvalidSettings; its messages never repeat what was typed.
    """
    known = {declared.name for declared in provider.credential_fields}
    errors = {name: ["Not a credential of this provider."] for name in values if name not in known}
    cleaned: dict[str, str] = dict(kept or {})
    for declared in provider.credential_fields:
        typed = str(values.get(declared.name, "")).strip()
        said = _credential_fault(declared, typed, has_kept=bool(cleaned.get(declared.name)))
        if said:
            errors[declared.name] = [said]
        elif typed:
            cleaned[declared.name] = typed
    if errors:
        raise InvalidSettings(errors)
    return cleaned


def settings_clean(provider: Provider, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings to store, with defaults filled in; raises InvalidSettings."""
    known = {declared.name for declared in provider.settings_fields}
    errors = {name: ["Not a setting of this provider."] for name in values if name not in known}
    cleaned: dict[str, Any] = {}
    for declared in provider.settings_fields:
        try:
            cleaned[declared.name] = _setting(declared, values.get(declared.name))
        except ValueError as error:
            errors[declared.name] = [str(error)]
    if not errors and provider.settings_check is not None:
        errors = {name: list(said) for name, said in provider.settings_check(cleaned).items()}
    if errors:
        raise InvalidSettings(errors)
    return cleaned


def pattern_words(declared: CredentialField) -> str:
    """Why what was typed can be no such secret, and what to do; it is not sent anywhere."""
    words = declared.pattern_help or "This does not look like one."
    return f"{words} Nothing was saved. {sandbox_words(declared)}".strip()


def sandbox_words(*fields: CredentialField) -> str:
    """What works where calls go to the sandbox; empty elsewhere."""
    known = [f"{one.sandbox} ({one.label})" for one in fields if one.sandbox]
    if not known or not django_settings.NEXA_SANDBOX_URL:
        return ""
    return f"At the sandbox this works: {', '.join(known)}."


def json_check(text: str) -> None:
    """Raises ValueError with the line and column where it stops being JSON."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"Line {error.lineno}, column {error.colno}: this is no JSON ({error.msg})."
        ) from error
    except RecursionError as error:
        raise ValueError("This JSON is nested too deeply.") from error


def _credential_fault(declared: CredentialField, typed: str, *, has_kept: bool) -> str:
    if not typed:
        return "Enter it." if declared.is_required and not has_kept else ""
    if len(typed) > LONGEST_TEXT or any(ord(character) < 32 for character in typed):
        return "This is too long, or holds control characters."
    if declared.pattern and not re.fullmatch(declared.pattern, typed):
        return pattern_words(declared)
    return ""


def _setting(declared: SettingField, value: Any) -> Any:
    if value is None or value == "":
        if declared.is_required and declared.default in ("", None):
            raise ValueError("Enter a value.")
        return declared.default
    if declared.kind == "integer":
        return _integer(value)
    if declared.kind == "boolean":
        return _boolean(value)
    if declared.kind in BIG_TEXTS:
        return _big_text(declared, str(value))
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"Enter at most {LONGEST_TEXT} characters.")
    if declared.kind == "choice" and text not in dict(declared.choices):
        raise ValueError("Choose one of the values offered.")
    if declared.kind == "url" and not _is_callable(text):
        raise ValueError("Enter an address that starts with https://.")
    return text


def _is_callable(text: str) -> bool:
    """Plain http only for a host that the operator lets us call inside our own network."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    is_inside = host in {name.lower() for name in django_settings.NEXA_PRIVATE_HOSTS_ALLOWED}
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_inside))


def _big_text(declared: SettingField, typed: str) -> str:
    """With its lines as they were typed, so that a message about line 3 means the third."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if len(text) > LONGEST_BIG_TEXT:
        raise ValueError(f"Enter at most {LONGEST_BIG_TEXT} characters.")
    if "\x00" in text:
        raise ValueError("This holds a character that cannot be kept.")
    if not text.strip():
        if declared.is_required:
            raise ValueError("Enter a value.")
        return ""
    if declared.kind == "json":
        json_check(text)
    return text


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON.")


def _integer(value: Any) -> int:
    try:
        return int(str(value).strip())
    except ValueError:
        raise ValueError("Enter a whole number.") from None


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError("Enter yes or no.")
    return word in TRUE_WORDS
