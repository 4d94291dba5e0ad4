"""Which permissions a connection was granted, which are missing, and what does not work so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.core.exceptions import ImproperlyConfigured

from integrations.hub.access import OAuth
from integrations.hub.errors import HubError
from integrations.hub.models import Connection
from integrations.hub.oauth.applications import application_of
from integrations.hub.oauth.names import ACCESS_TOKEN
from integrations.hub.oauth.token_calls import token_introspect

logger = logging.getLogger("integrations.hub.oauth")


@dataclass(frozen=True)
class Scope:
    """A permission by the vendor's name, with what it is for."""

    name: str
    words: str
    is_granted: bool
    is_needed: bool


def scopes_asked(oauth: OAuth, *, is_read_only: bool) -> tuple[Scope, ...]:
    """What a person is going to be asked for, needed ones first."""
    return _scopes(oauth, is_read_only=is_read_only, granted=())


def scopes_of(connection: Connection) -> tuple[Scope, ...]:
    """Every permission the provider speaks of, and whether it was granted; none for a key."""
    declared = connection.declaration.oauth if connection.is_oauth else None
    if declared is None:
        return ()
    return _scopes(declared, is_read_only=connection.is_read_only, granted=connection.scopes)


def missing_words(connection: Connection) -> str:
    """For the person: what was not granted and does not work; empty when nothing needed misses."""
    missing = [one for one in scopes_of(connection) if one.is_needed and not one.is_granted]
    if not missing:
        return ""
    named = "; ".join(f"{one.name} ({one.words})" if one.words else one.name for one in missing)
    return (
        f"{connection.provider_name} did not grant {named}. Connect again and allow it; until then "
        "this part does not work."
    )[:500]


def scopes_read(connection: Connection) -> None:
    """Ask the vendor what is granted by now, where it tells; no answer changes nothing."""
    declared = connection.declaration.oauth if connection.is_oauth else None
    if declared is None or not declared.introspect_url:
        return
    try:
        said = token_introspect(
            connection, application_of(connection), connection.secret(ACCESS_TOKEN)
        )
    except (HubError, requests.RequestException, ImproperlyConfigured) as error:
        logger.info("scopes of connection %s not read: %s", connection.pk, type(error).__name__)
        return
    granted = _granted(declared, said)
    if granted and list(granted) != connection.scopes:
        same = Connection.objects.filter(pk=connection.pk, token_version=connection.token_version)
        same.update(scopes=list(granted))
        connection.scopes = list(granted)


def _granted(declared: OAuth, said: Mapping[str, Any]) -> tuple[str, ...]:
    return declared.granted(said) if said.get("active") else ()


def _scopes(
    oauth: OAuth, *, is_read_only: bool, granted: tuple[str, ...] | list[str]
) -> tuple[Scope, ...]:
    needed = oauth.scopes_needed(is_read_only=is_read_only)
    named = dict.fromkeys((*needed, *oauth.optional_scopes))
    return tuple(
        Scope(name, oauth.scope_words.get(name, ""), name in granted, name in needed)
        for name in named
    )
