"""Typed readers of environment variables, used by settings only; a wrong value stops the start."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_bool(name: str, *, default: bool = False) -> bool:
    """Raise ImproperlyConfigured unless the value is a plain yes or no word."""
    if name not in os.environ:
        return default
    word = os.environ[name].strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {word!r}.")


def env_int(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    """Raise ImproperlyConfigured unless the value is a whole number within these limits."""
    text = env_str(name)
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
    if maximum is not None and number > maximum:
        raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {number}.")
    return number


def env_list(name: str, default: str = "", *, needed_for: str = "") -> list[str]:
    """Comma-separated values, blanks dropped.

    Raises ImproperlyConfigured when there is none though it is `needed_for` something, in words.
    """
    found = [part.strip() for part in env_str(name, default).split(",") if part.strip()]
    if needed_for and not found:
        raise ImproperlyConfigured(f"{name} is not set. Set it to {needed_for}.")
    return found


def env_path(name: str, default: Path) -> Path:
    return Path(env_str(name)).expanduser().resolve() if env_str(name) else default


def env_url(name: str, *, schemes: tuple[str, ...], default: str = "") -> str:
    """Raise ImproperlyConfigured for a URL of another scheme; the message never shows the value."""
    url = env_str(name, default)
    if url and urlsplit(url).scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must start with one of: {', '.join(schemes)}.")
    return url


def env_secret(name: str, *, default: str = "", is_required: bool = True, shortest: int = 0) -> str:
    """A value that may also lie in a file named by NAME_FILE; empty only if it is not required.

    Raises ImproperlyConfigured when it is required, neither is set and no default is given, and
    for one of fewer than `shortest` characters; no message shows the value.
    """
    file_name = env_str(f"{name}_FILE")
    if file_name:
        secret = _read_secret_file(f"{name}_FILE", Path(file_name))
    else:
        secret = env_str(name, default)
    if is_required and not secret:
        raise ImproperlyConfigured(
            f"{name} is not set. Set {name}, or {name}_FILE to the path of a file that holds it; "
            "`manage.py doctor` explains every setting."
        )
    if secret and len(secret) < shortest:
        raise ImproperlyConfigured(
            f"{name} is too short: it needs at least {shortest} random characters. Make one with: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return secret


def _read_secret_file(name: str, path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot read {path}: {error.strerror}.") from error
    if not secret:
        raise ImproperlyConfigured(f"{name}: {path} is empty.")
    return secret
