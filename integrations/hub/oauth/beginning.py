"""What a person sees before they sign in at a vendor: what is asked, or what is to be set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.db.models import Q

from integrations.hub import reconnection
from integrations.hub.errors import Conflict, InvalidSettings
from integrations.hub.intake import settings_clean
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.oauth.applications import (
    application_find,
    environment_names,
    redirect_uri,
)
from integrations.hub.oauth.attempts import Person, Wish, attempt_begin
from integrations.hub.oauth.scopes import Scope, scopes_asked
from integrations.hub.provider import Provider


@dataclass(frozen=True)
class SignIn:
    """For the page: whether signing in can begin, what is asked, and how it is set up."""

    is_ready: bool
    redirect_uri: str
    scopes: tuple[Scope, ...]
    environment_names: tuple[str, str]
    setup_url: str
    setup_help: str
    home_url: str

    @property
    def home_host(self) -> str:
        """Where people come back to: a sign-in begun at another address finds no session there."""
        return urlsplit(self.home_url).netloc

    @property
    def scope_text(self) -> str:
        return " ".join(scope.name for scope in self.scopes)


def sign_in_of(provider: Provider, person: Person) -> SignIn | None:
    """None for a provider that takes no sign-in."""
    if provider.oauth is None:
        return None
    return SignIn(
        is_ready=application_find(provider.id, person.workspace) is not None,
        redirect_uri=redirect_uri(),
        scopes=scopes_asked(provider.oauth, is_read_only=False),
        environment_names=environment_names(provider.id),
        setup_url=provider.oauth.setup_url,
        setup_help=provider.oauth.setup_help,
        home_url=django_settings.NEXA_BASE_URL,
    )


def begin_new(
    provider: Provider,
    person: Person,
    *,
    name: str,
    settings: Mapping[str, Any],
    is_read_only: bool,
) -> str:
    """Where to send the browser; raises InvalidSettings, Conflict and ApplicationMissing."""
    name = name.strip()
    if not name:
        raise InvalidSettings({"name": ["Enter a name."]})
    taken = Connection.objects.filter(~Q(state=ConnectionState.DISABLED), name=name)
    if taken.filter(workspace=person.workspace).exists():
        raise Conflict(f"There is a connection named {name} already. Choose another name.")
    cleaned = settings_clean(provider, settings)
    wish = Wish(name=name, settings=cleaned, is_read_only=is_read_only)
    return attempt_begin(provider, person, wish)


def begin_again(
    provider: Provider, person: Person, connection: Connection, *, is_read_only: bool
) -> str:
    """Where to send the browser to connect the same account again."""
    wish = Wish(connection, reconnection.name_free(connection), {}, is_read_only)
    return attempt_begin(provider, person, wish)
