"""What a provider's fake is to the frame: it answers, signs web-hooks, lists what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from integrations.hub.sandbox.vendor import Vendor


@dataclass(frozen=True)
class VendorRequest:
    """A request with the path as on the vendor's own host; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class VendorResponse:
    """What the vendor answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(
    status: int, content: Any, headers: Mapping[str, str] | None = None
) -> VendorResponse:
    body = json.dumps(content, indent=2, ensure_ascii=False).encode()
    return VendorResponse(status, body, {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True)
class Field:
    """One labelled input of a form on the control page; `options` makes it a choice."""

    name: str
    label: str
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Action:
    """Something a person would do in the vendor's dashboard; `run` returns what happened."""

    label: str
    run: Callable[[Mapping[str, str]], str]
    fields: tuple[Field, ...] = ()
    # Offered on the page by itself, not beside a row.
    is_general: bool = False


@dataclass(frozen=True)
class Button:
    """An action offered beside one row, with the values that name the row."""

    action: str
    label: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One line of a table on the control page."""

    cells: tuple[str, ...]
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Table:
    """What the vendor holds of one kind; `total` counts also the rows that are not shown."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class FaultKind:
    """A misbehaviour in this vendor's own words; `answer` gets the request and the rule's value."""

    label: str
    answer: Callable[[VendorRequest, str], VendorResponse]


class SandboxRefusal(Exception):
    """A control action that cannot be done now; `str()` says why, for the person."""


class Fake(Protocol):
    """A vendor good enough that the client cannot tell."""

    @property
    def actions(self) -> Mapping[str, Action]: ...

    @property
    def faults(self) -> Mapping[str, FaultKind]: ...

    def answer(self, request: VendorRequest) -> VendorResponse: ...

    def webhook_headers(self, endpoint: str, body: bytes) -> Mapping[str, str]:
        """Headers of one delivery attempt, signed now."""
        ...

    def tables(self) -> list[Table]: ...


@dataclass(frozen=True)
class SandboxApp:
    """The declaration each `integrations.<provider>.sandbox` exposes as `sandbox`."""

    id: str
    name: str
    open: Callable[[Vendor], Fake]
    # Names of fields whose values never reach a recording, in bodies and queries.
    secret_fields: frozenset[str] = frozenset()
    # Paths that people's browsers open, which are no part of the API and stand in no recording.
    pages: frozenset[str] = frozenset()
    # What a demo connects with; empty leaves this vendor out of the demo.
    demo_credentials: Mapping[str, str] = field(default_factory=dict)
    # Client ID and secret of the application that people sign in with in a demo.
    demo_application: tuple[str, str] | None = None
    # Settings of the demo's connection that are not their defaults.
    demo_settings: Mapping[str, Any] = field(default_factory=dict)
    # By pipeline of the vendor's: what its stages are called in the demo's own pipeline.
    demo_stages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
