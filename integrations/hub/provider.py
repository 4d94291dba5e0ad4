"""The contract: what a provider declares in its `provider.py`. Read this before a provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from integrations.hub.errors import HubError
from integrations.hub.types import AccountInfo, Event, RawRequest, Registration

if TYPE_CHECKING:
    from integrations.hub.commands import Command
    from integrations.hub.models import Connection
    from integrations.hub.pushes import Push

PROVIDER_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True)
class CredentialField:
    """One secret the person types in; stored encrypted and never shown again."""

    name: str
    label: str
    help: str = ""
    is_required: bool = True
    pattern: str = ""
    pattern_help: str = ""


@dataclass(frozen=True)
class SettingField:
    """One plain setting of a connection, validated by the hub."""

    name: str
    label: str
    kind: Literal["text", "integer", "boolean", "choice", "url"] = "text"
    default: Any = ""
    help: str = ""
    is_required: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ApiKeyAuth:
    """Credentials that a person copies from the vendor's dashboard."""

    fields: tuple[CredentialField, ...]


@dataclass(frozen=True)
class RateLimit:
    """A limit as the vendor publishes it: `requests` in `seconds`, per connection.

    The hub stays below it: a burst of a fifth, then 80 % of the rate (other apps share the limit).
    """

    name: str
    requests: int
    seconds: float
    burst: int = 0

    @property
    def step_seconds(self) -> float:
        """Seconds between two calls at the steady rate."""
        return self.seconds / (self.requests * 0.8)

    @property
    def burst_size(self) -> int:
        return self.burst or max(1, self.requests // 5)


class CommandHandler(Protocol):
    """Carries out one command; may run several times, so each vendor call carries `key(step)`.

    Runs outside any transaction. Returns nothing: what the vendor gave is written through
    `command.links` and crm.services before it returns.
    """

    def __call__(self, command: Command) -> None: ...


class PushHandler(Protocol):
    """Brings one changed record to the vendor; reads its present state, so it may run often."""

    def __call__(self, push: Push) -> None: ...


@dataclass(frozen=True)
class Fact:
    """How an event that happened lands in the CRM.

    `apply` runs in one transaction with the mark that the fact is applied, and calls crm.services
    only. `fetch` may call the vendor before that (no transaction is open) and returns the event to
    apply, usually with a fresher payload.
    """

    apply: Callable[[Connection, Event], None]
    fetch: Callable[[Connection, Event], Event] | None = None


@dataclass(frozen=True)
class Webhook:
    """How the vendor's calls are proved and read.

    `verify` raises Unverified unless the raw body is from the vendor; it returns nothing.
    `events` reads a verified body; it must be pure, since it is read again when processed.
    `ensure` leaves a working web-hook for our URL at the vendor, at any time: it looks at the one
    made before and mends it or makes it anew. `unregister` takes it away.
    `headers` are kept with the event beside content-type and user-agent.
    """

    verify: Callable[[RawRequest, Connection], None]
    events: Callable[[RawRequest], list[Event]]
    ensure: Callable[[Connection, str], Registration] | None = None
    unregister: Callable[[Connection], None] | None = None
    headers: tuple[str, ...] = ()


def _no_translation(error: Exception) -> HubError | None:
    return None


@dataclass(frozen=True)
class Provider:
    """Everything the hub knows of one vendor; `id` is its folder, setting, URL part and log word.

    `hosts` are the vendor's own hosts (`*.` allowed as first label); a URL of any other host needs
    `has_user_given_host` and passes the guard against private addresses. `error` turns an
    exception of the vendor's SDK into one of the hub's. `account_form` is how the vendor's own
    account ids look, where `check` may also give a stand-in (of a key that may not say whose it
    is); empty when every id is the account's.
    """

    id: str
    name: str
    summary: str
    auth: ApiKeyAuth
    check: Callable[[Connection], AccountInfo]
    hosts: tuple[str, ...] = ()
    has_user_given_host: bool = False
    settings_fields: tuple[SettingField, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    webhook: Webhook | None = None
    commands: Mapping[str, CommandHandler] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    pushes: Mapping[str, PushHandler] = field(default_factory=dict)
    error: Callable[[Exception], HubError | None] = _no_translation
    account_form: str = ""
    documentation_url: str = ""

    def is_account(self, account_id: str) -> bool:
        """Whether the id is an account's own, so that two that differ are two accounts."""
        form = self.account_form or ".+"
        return re.fullmatch(form, account_id, re.DOTALL) is not None

    def __post_init__(self) -> None:
        if not PROVIDER_ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no provider id: small letters, digits and _ only.")
        if not self.hosts and not self.has_user_given_host:
            raise ValueError(f"{self.id} names no host.")
        if self.facts and self.webhook is None:
            raise ValueError(f"{self.id} has facts but no web-hook that brings them.")
