"""Takes secrets out of text on its way to a log or an error page: ours, and what looks so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

REDACTED = "[redacted]"
SHORTEST_KNOWN_SECRET = 6  # shorter values would take whole words out of every line

# Found inside longer names too, as in `vendor_api_key` or `X-Auth-Token`.
HIDDEN_WORDS = (
    r"authorization|cookie|api[_-]?key|secret[_-]?key|access[_-]?key|private[_-]?key"
    r"|encryption[_-]?keys?|password|passwd|passphrase|secret|token|signature|sessionid|credentials?"
)
SECRET_NAME = re.compile(HIDDEN_WORDS, re.IGNORECASE)
# Quotes as they stand in plain text, in JSON within JSON and in HTML.
_QUOTE = r"""(?:\\*["']|&quot;|&\#x27;|&\#39;)"""
_NAMED = re.compile(
    rf"""(?P<name>(?:{HIDDEN_WORDS}){_QUOTE}?\s*[:=]\s*)"""
    rf"""(?!(?:\w+\s+)?{re.escape(REDACTED)})(?:{_QUOTE}[^"'\n&]*{_QUOTE}"""
    r"""|(?:(?:bearer|basic|token|digest)\s+)?[^\s,;&"'<>)\]}]+)""",
    re.IGNORECASE,
)
_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^/\s@:]{0,200}:[^/\s@]{0,200}(?=@)"),  # user:password@ of a URL
    re.compile(r"(?<=\bBearer )[\w.~+/=-]{6,}", re.IGNORECASE),
    re.compile(r"(?<=\bBasic )(?=\S*[\d=])[\w+/=-]{8,}", re.IGNORECASE),
    re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w+"),
    re.compile(r"\bwhsec_[\w+/=-]{6,}"),
    re.compile(r"\b(?:xox[abeprs]|gh[opsu]|glpat)[-_][\w-]{10,}"),
    re.compile(r"\bSG\.[\w-]{10,}\.[\w-]{10,}"),
    re.compile(r"\bya29\.[\w-]{10,}"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),  # a JSON web token
    re.compile(r"\bgAAAAA[\w-]{20,}={0,2}"),  # a Fernet token
    re.compile(r"(?<![\w-])[\w-]{43}=(?![\w=])"),  # a Fernet key
)


def redact(text: str) -> str:
    """The text without secrets; idempotent."""
    for secret in known_secrets():
        text = text.replace(secret, REDACTED)
    text = _NAMED.sub(rf"\g<name>{REDACTED}", text)
    for shape in _SHAPES:
        text = shape.sub(REDACTED, text)
    return text


def redact_value(value: Any, name: str = "") -> Any:
    """The same for anything a structured line may hold; a value with a secret's name goes whole."""
    if name and isinstance(value, str | bytes) and SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_value(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else redact(str(value))


def known_secrets() -> list[str]:
    """Our own secrets as they stand in the settings now, longest first."""
    if not settings.configured:
        return []
    found = {secret for secret in _settings_secrets() if len(secret) >= SHORTEST_KNOWN_SECRET}
    return sorted(found, key=len, reverse=True)


def _settings_secrets() -> Iterator[str]:
    yield from map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    yield from getattr(settings, "NEXA_ENCRYPTION_KEYS", [])
    yield settings.EMAIL_HOST_PASSWORD or ""
    yield getattr(settings, "NEXA_METRICS_TOKEN", "")
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    for address in (getattr(settings, "NEXA_REDIS_URL", ""), getattr(settings, "DATABASE_URL", "")):
        yield urlsplit(address).password or ""
    for storage in settings.STORAGES.values():
        for name in ("secret_key", "access_key"):
            yield str(storage.get("OPTIONS", {}).get(name) or "")
