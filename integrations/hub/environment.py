"""Connections that the environment asks for: made once and kept in step, by the one-minute tick."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from crm.choices import OriginKind
from crm.models import Workspace
from crm.services.origin import Origin
from integrations.hub import connections, leases, registry
from integrations.hub.accounts import fixed_of, taken_words
from integrations.hub.acts import connection_act_remember
from integrations.hub.credentials import Secrets
from integrations.hub.environment_marks import (
    MARK,
    REFUSED,
    SWITCHED_OFF,
    is_in_effect,
    mark_of,
    mark_set,
    refused_for,
)
from integrations.hub.errors import AlreadyConnected
from integrations.hub.intake import credentials_clean, settings_clean
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.provider import Provider
from integrations.hub.reconfiguration import settings_store
from integrations.hub.sweeps import sweep_register
from integrations.hub.types import AccountInfo, EnvironmentConnection

logger = logging.getLogger("integrations.hub.environment")

LEASE_SECONDS = 600


def environment_sweep(environ: Mapping[str, str] = os.environ) -> None:
    """Make and mend what the variables ask for; any number of times, in any number of processes.

    Raises ImproperlyConfigured for variables that are wrong, and what connecting raises.
    """
    for provider in registry.all_providers():
        wanted = provider.environment(environ) if provider.environment else None
        if wanted is None:
            continue
        lease = leases.take(f"environment:{provider.id}", LEASE_SECONDS)
        if lease is None:
            continue
        try:
            _bring_about(provider, wanted)
        finally:
            leases.release(lease)


def _bring_about(provider: Provider, wanted: EnvironmentConnection) -> None:
    found = connection_of_environment(provider.id)
    mark = mark_of(wanted)
    if not wanted.is_enabled:
        _switch_off(found, mark)
        return
    if found is None:
        _make_or_bring_back(provider, wanted, mark)
    elif is_in_effect(found, wanted, mark):
        mark_set(found, mark)
        _prove_once(found)
    elif found.state == ConnectionState.DISABLED or not _is_same_account(found, wanted):
        if found.state != ConnectionState.DISABLED:
            connections.connection_disconnect(found, actor=None)
        _make_or_bring_back(provider, wanted, mark)
    else:
        _mend(found, wanted, mark)


def connection_of_environment(provider_id: str) -> Connection | None:
    """The one in service; else the last one made, which a person has disconnected since."""
    made = Connection.objects.filter(provider=provider_id, settings__has_key=MARK)
    made = made.alias(is_gone=Q(state=ConnectionState.DISABLED))
    return made.select_related("workspace").order_by("is_gone", "-pk").first()


def _make_or_bring_back(provider: Provider, wanted: EnvironmentConnection, mark: str) -> None:
    """An account that was connected before, by whomever, keeps its links, mappings and history.

    Raises AlreadyConnected for one that another connection in service has; asked again with the
    same variables without a row or a call.
    """
    holder = refused_for(provider.id, mark)
    if holder is not None:
        account = AccountInfo(holder.remote_account_id, holder.remote_account_name)
        raise AlreadyConnected(taken_words(holder, account, holder), holder=holder.pk)
    try:
        _make(provider, wanted, mark)
    except AlreadyConnected as refusal:
        former = Connection.objects.filter(pk=refusal.holder or 0).first()
        if former is not None and former.state == ConnectionState.DISABLED:
            _bring_back(former, wanted, mark)
            return
        if former is not None:
            mark_set(former, mark, name=REFUSED)
        raise


def _bring_back(connection: Connection, wanted: EnvironmentConnection, mark: str) -> None:
    connections.credentials_replace(connection, credentials=wanted.credentials, actor=None)
    _remember(connection, {"state": (ConnectionState.DISABLED, connection.state)})
    settings_store(connection, wanted.settings, origin=_origin(connection))
    mark_set(connection, mark)


def _make(provider: Provider, wanted: EnvironmentConnection, mark: str) -> None:
    """In the first workspace; while there is none, the next tick looks again."""
    workspace = Workspace.objects.order_by("pk").first()
    if workspace is None:
        return
    credentials = Secrets(credentials_clean(provider, wanted.credentials))
    settings = settings_clean(provider, wanted.settings)
    with transaction.atomic():
        connection = connections.connection_keep(
            workspace=workspace,
            provider=provider.id,
            name=f"{provider.name} (environment)",
            credentials=credentials,
            settings={**settings, MARK: mark},
        )
        _remember(connection, {"state": (None, ConnectionState.ACTIVE)})
    # Whoever sets the variables has decided; there may be nobody to look at a rehearsal.
    connections.connection_prove(connection, goes_live=True)


def _prove_once(connection: Connection) -> None:
    """A vendor that gave no answer when the connection was made is asked again."""
    if connection.state == ConnectionState.PAUSED and not connection.remote_account_id:
        connections.connection_prove(connection, goes_live=True)


def _mend(connection: Connection, wanted: EnvironmentConnection, mark: str) -> None:
    """Settings and secrets as the environment names them; what a person set besides stays."""
    origin = _origin(connection)
    settings_store(connection, wanted.settings, origin=origin)
    kept = dict(connection.credentials)
    if any(kept.get(name) != secret for name, secret in wanted.credentials.items()):
        connections.credentials_replace(connection, credentials=wanted.credentials, actor=None)
        _remember(connection, {"credentials": ("replaced", "replaced")})
    elif connection.state == ConnectionState.PAUSED:
        connections.connection_resume(connection, actor=None)
    else:
        connections.connection_test(connection)
    mark_set(connection, mark)


def _switch_off(connection: Connection | None, mark: str) -> None:
    if connection is None or connection.settings.get(MARK) == mark:
        return
    with transaction.atomic():
        active = Connection.objects.filter(pk=connection.pk, state=ConnectionState.ACTIVE)
        paused = {"state": ConnectionState.PAUSED, "attention": SWITCHED_OFF, "updated_at": Now()}
        if active.update(**paused):
            _remember(connection, {"state": (ConnectionState.ACTIVE, ConnectionState.PAUSED)})
        mark_set(connection, mark)


def _is_same_account(connection: Connection, wanted: EnvironmentConnection) -> bool:
    cleaned = settings_clean(connection.declaration, wanted.settings)
    return all(cleaned.get(name) == value for name, value in fixed_of(connection).items())


def _remember(connection: Connection, diff: Mapping[str, tuple[Any, Any]]) -> None:
    connection_act_remember(connection, diff=diff, origin=_origin(connection))


def _origin(connection: Connection) -> Origin:
    reason = f"{connection.provider_name}: the environment"
    return Origin(OriginKind.CONNECTION, str(connection.pk), reason=reason)


sweep_register("environment", environment_sweep)
