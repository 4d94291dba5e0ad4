"""Reads single settings, collecting what is wrong by the setting's name; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

Value = TypeVar("Value")

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Set by the transport or by us; a person's header must not break the call.
TAKEN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent"}
)
TRUE_WORDS = frozenset({"true", "1", "on", "yes"})
FALSE_WORDS = frozenset({"false", "0", "off", "no"})


class SettingsReader:
    """Every error is kept, so that a person sees all of them at once."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self.errors: dict[str, list[str]] = {}

    def refuse(self, name: str, words: str) -> None:
        self.errors.setdefault(name, []).append(words)

    def raw(self, name: str) -> str:
        """As it was typed, so that its lines can be counted."""
        value = self._settings.get(name)
        return "" if value is None else str(value)

    def text(self, name: str) -> str:
        return self.raw(name).strip()

    def parsed(
        self, name: str, parse: Callable[[str], Value], *, fallback: Value | None = None
    ) -> Value:
        """What `parse` makes of the text; its ValueError is kept, and the fallback goes on."""
        try:
            return parse(self.raw(name))
        except ValueError as error:
            self.refuse(name, str(error))
            # Never seen outside: with an error kept, no configuration is made.
            return fallback  # type: ignore[return-value]

    def boolean(self, name: str, *, default: bool) -> bool:
        word = self.text(name).lower()
        if word and word not in TRUE_WORDS | FALSE_WORDS:
            self.refuse(name, "Enter yes or no.")
        return word in TRUE_WORDS if word else default

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            self.refuse(name, f"Enter a whole number from {lowest} to {highest}.")
            return default
        return int(text)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """The first choice when nothing is set."""
        text = self.text(name) or choices[0]
        if text not in choices:
            self.refuse(name, f"Choose one of: {', '.join(choices)}.")
            return choices[0]
        return text

    def header(self, name: str, default: str) -> str:
        text = self.text(name) or default
        if not HEADER.fullmatch(text):
            self.refuse(name, f"{text[:60]!r} is no name of a header.")
        elif text.lower() in TAKEN_HEADERS:
            self.refuse(name, f"The header {text} is used by the call itself.")
        return text


def base_url_clean(text: str, prefix: str) -> str:
    """The address calls are made below, with the prefix when it has no path of its own.

    Plain http is let through here; the hub's guard refuses it for hosts that are not allowed.
    """
    text = text.strip()
    if not text:
        raise ValueError("Enter the address of the CRM, such as https://crm.example.com.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"This is no address ({error}).") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or re.search(r"\s", text):
        raise ValueError("Enter an address that starts with https://.")
    if parts.username is not None or parts.query or parts.fragment or port == 0:
        raise ValueError("The address holds no user name, question mark or #.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or prefix}"
