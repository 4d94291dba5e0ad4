"""What the control page's forms hold, read for the actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from integrations.hub.sandbox.fake import Field, SandboxRefusal
from integrations.hub.sandbox.store import Json
from integrations.hubspot.sandbox.catalog import KINDS, kind_of
from integrations.hubspot.sandbox.errors import ApiError
from integrations.hubspot.sandbox.portal import Portal

if TYPE_CHECKING:
    from integrations.hubspot.sandbox.server import HubSpotFake

Values = Mapping[str, str]
Run = Callable[["HubSpotFake", Values], str]
# Makes of a run what an action calls.
Bound = Callable[[Run], Callable[[Values], str]]
KIND = Field("kind", "Kind", "contacts", tuple((kind, kind) for kind in KINDS))
SWITCH = Field("on", "On", "true", (("true", "on"), ("false", "off")))


def found_of(portal: Portal, values: Values) -> tuple[str, Json]:
    kind = kind_given(values)
    try:
        return kind, portal.find(kind, values.get("id", ""))
    except ApiError as error:
        raise SandboxRefusal(
            f"No {word_of(kind).lower()} {values.get('id')!r} is there."
        ) from error


def kind_given(values: Values) -> str:
    kind = kind_of(values.get("kind") or "contacts")
    if kind is None:
        raise SandboxRefusal(f"No kind of record is called {values.get('kind')!r}.")
    return kind


def word_of(kind: str) -> str:
    return KINDS[kind][1].replace("_", " ").capitalize()


def number_of(values: Values, name: str, most: int) -> int:
    text = values.get(name, "")
    if not text.isdecimal() or int(text) > most:
        raise SandboxRefusal(f"{name} must be a whole number up to {most}.")
    return int(text)


def is_on(values: Values) -> bool:
    return values.get("on", "true") == "true"
