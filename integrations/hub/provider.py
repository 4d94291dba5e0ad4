"""The contract: what a provider declares in its `provider.py`. Read this before a provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

from integrations.hub.access import (
    ApiKeyAuth,
    CredentialField,
    OAuth,
    SettingField,
    host_is_declared,
)
from integrations.hub.errors import HubError
from integrations.hub.streams import ExternalPipeline, ExternalUser, Hint, Stream
from integrations.hub.types import (
    AccountInfo,
    EnvironmentConnection,
    Event,
    RawRequest,
    Registration,
)

if TYPE_CHECKING:
    from integrations.hub.commands import Command
    from integrations.hub.models import Connection
    from integrations.hub.pushes import Push

Priority = Literal["high", "medium", "low"]
PROVIDER_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
DOOR_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


@dataclass(frozen=True)
class RateLimit:
    """A limit as the vendor publishes it: `requests` in `seconds`, per connection.

    The hub stays below it: a burst of a fifth, then 80 % of the rate (other apps share the limit).
    `left_header` names the answer's header that says how many calls are left of the window.
    """

    name: str
    requests: int
    seconds: float
    burst: int = 0
    left_header: str = ""

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


class Hinting(Protocol):
    """Reads an event as hints: which things to look at anew; pure."""

    def __call__(self, event: Event) -> Sequence[Hint]: ...


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
class SharedDoor:
    """An address that all connections of the provider share: `POST /api/<name>/webhook`.

    `connection_of` finds whose call it is, in constant time and comparing with every connection
    that is not disconnected; raises Unverified. A body that cannot be read is refused there.
    """

    name: str
    connection_of: Callable[[RawRequest, Sequence[Connection]], Connection]


@dataclass(frozen=True)
class Webhook:
    """How the vendor's calls are proved and read.

    `verify` raises Unverified unless the raw body is from the vendor; it returns nothing.
    `events` reads a verified body by what the connection's settings say; it must be pure, since it
    is read again when processed.
    `ensure` leaves a working web-hook for our URL at the vendor, at any time: it looks at the one
    made before and mends it or makes it anew. `unregister` takes it away.
    `headers` are kept with the event beside content-type and user-agent. `door` is one more
    address, beside that of each connection.
    """

    verify: Callable[[RawRequest, Connection], None]
    events: Callable[[RawRequest, Connection], list[Event]]
    ensure: Callable[[Connection, str], Registration] | None = None
    unregister: Callable[[Connection], None] | None = None
    headers: tuple[str, ...] = ()
    door: SharedDoor | None = None


def _no_translation(error: Exception) -> HubError | None:
    return None


@dataclass(frozen=True)
class Provider:
    """Everything the hub knows of one vendor; `id` is its folder, setting, URL part and log word.

    Access is given by `auth` (secrets typed in) or by `oauth` (signing in there), or a person
    chooses. `hosts` are the vendor's own hosts (`*.` allowed as first label); a URL of any other
    host needs `has_user_given_host` and passes the guard against private addresses.
    `settings_check` names, by field, what is wrong with settings that are right one by one.
    `streams` are the kinds of record it keeps in step, in the order they are pulled; `hints` reads
    its events as hints for them; `users` and `pipelines` tell who owns records and which stages
    there are.
    `error` turns an exception of the vendor's SDK into one of the hub's. Where the usual does not
    fit: `read_seconds` is how long the vendor may take to answer, `retry_delays` the waits before
    each retry of failed work, `priority` ranks what is sent by record type (and the changed fields)
    or kind of command.
    `environment` reads the variables that ask for a connection, None when there are none; raises
    ImproperlyConfigured, without a secret in it. `account_form` is how the vendor's own account ids
    look, where `check` may also give a stand-in (of a key that may not say whose it is); empty when
    every id is the account's.
    """

    id: str
    name: str
    summary: str
    auth: ApiKeyAuth | None
    check: Callable[[Connection], AccountInfo]
    oauth: OAuth | None = None
    hosts: tuple[str, ...] = ()
    has_user_given_host: bool = False
    settings_fields: tuple[SettingField, ...] = ()
    settings_check: Callable[[Mapping[str, Any]], Mapping[str, list[str]]] | None = None
    limits: tuple[RateLimit, ...] = ()
    webhook: Webhook | None = None
    commands: Mapping[str, CommandHandler] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    pushes: Mapping[str, PushHandler] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()
    hints: Mapping[str, Hinting] = field(default_factory=dict)
    users: Callable[[Connection], Sequence[ExternalUser]] | None = None
    pipelines: Callable[[Connection], Sequence[ExternalPipeline]] | None = None
    error: Callable[[Exception], HubError | None] = _no_translation
    read_seconds: Callable[[Connection], float] | None = None
    retry_delays: Callable[[Connection], tuple[float, ...]] | None = None
    priority: Callable[[Connection, str, Collection[str]], Priority] | None = None
    environment: Callable[[Mapping[str, str]], EnvironmentConnection | None] | None = None
    account_form: str = ""
    documentation_url: str = ""

    @property
    def credential_fields(self) -> tuple[CredentialField, ...]:
        """What a person types in; nothing where access is granted by signing in only."""
        return self.auth.fields if self.auth else ()

    def is_account(self, account_id: str) -> bool:
        """Whether the id is an account's own, so that two that differ are two accounts."""
        form = self.account_form or ".+"
        return re.fullmatch(form, account_id, re.DOTALL) is not None

    def stream(self, object: str) -> Stream | None:
        """The stream of that object; None when there is none (any more)."""
        return next((one for one in self.streams if one.object == object), None)

    def watches(self, record_type: str) -> bool:
        """Whether a change of such a record here may have to be told there."""
        return record_type in self.pushes or bool(self.streams_of(record_type))

    def streams_of(self, record_type: str) -> tuple[Stream, ...]:
        return tuple(one for one in self.streams if one.record_type == record_type)

    @property
    def door(self) -> SharedDoor | None:
        return self.webhook.door if self.webhook is not None else None

    def __post_init__(self) -> None:
        if not PROVIDER_ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no provider id: small letters, digits and _ only.")
        if not self.hosts and not self.has_user_given_host:
            raise ValueError(f"{self.id} names no host.")
        if self.auth is None and self.oauth is None:
            raise ValueError(f"{self.id} declares no way to give access.")
        for url in self.oauth.called_urls if self.oauth else ():
            self._check_own(url)
        if self.facts and self.webhook is None:
            raise ValueError(f"{self.id} has facts but no web-hook that brings them.")
        if self.door is not None and not DOOR_NAME.fullmatch(self.door.name):
            raise ValueError(f"{self.door.name!r} is no part of an address.")

    def _check_own(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not host_is_declared(parts.hostname or "", self.hosts):
            raise ValueError(f"{self.id} would send secrets to {url}, which is no host of its own.")
