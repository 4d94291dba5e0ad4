"""Connects the demo workspace to every vendor of the sandbox that offers demo credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm.models import User, Workspace
from integrations.hub import registry
from integrations.hub.connections import connection_create, credentials_replace
from integrations.hub.credentials import Secrets
from integrations.hub.errors import HubError
from integrations.hub.models import Connection, OAuthApplication
from integrations.hub.models.oauth import CLIENT_SECRET
from integrations.hub.sandbox.fake import SandboxApp
from integrations.hub.sandbox.server import installed_apps
from integrations.hub.sync.states import streams_go_live
from nexa.demo.matching import demo_matched


class DemoConnectionError(Exception):
    """A connection of the demo could not be made; the message says which and why."""


def demo_connections_made(
    workspace: Workspace, actor: User, *, is_moved: bool = False
) -> list[str]:
    """The names of those made or mended now; one that works is left alone.

    `is_moved`: our address is another than last time, so the vendor must be told the new one.
    """
    demo_applications_made(installed_apps())
    made = []
    for app in installed_apps():
        if not app.demo_credentials or registry.find(app.id) is None:
            continue
        found = Connection.objects.filter(workspace=workspace, name=_name(app)).first()
        if found is None:
            made.append(_made(workspace, app, actor))
        elif found.attention or (is_moved and found.is_active):
            made.append(_mended(found, app, actor))
    return made


def demo_applications_made(apps: Sequence[SandboxApp]) -> None:
    """So that people can sign in at the sandbox; one that an operator entered stays."""
    for app in apps:
        if app.demo_application is None or registry.find(app.id) is None:
            continue
        client_id, client_secret = app.demo_application
        kept: Any = Secrets({CLIENT_SECRET: client_secret})
        OAuthApplication.objects.get_or_create(
            provider=app.id, workspace=None, defaults={"client_id": client_id, "secrets": kept}
        )


def _made(workspace: Workspace, app: SandboxApp, actor: User) -> str:
    fields = registry.get(app.id).settings_fields
    try:
        connection = connection_create(
            workspace=workspace,
            provider_id=app.id,
            name=_name(app),
            credentials=app.demo_credentials,
            settings={field.name: field.default for field in fields} | dict(app.demo_settings),
            actor=actor,
        )
        if not connection.attention:
            demo_matched(connection, app, actor)
            streams_go_live(connection, actor=None)
    except HubError as error:
        raise DemoConnectionError(f"{_name(app)}: {error}") from error
    if connection.attention:
        raise DemoConnectionError(f"{connection}: {connection.attention}")
    return str(connection)


def _mended(connection: Connection, app: SandboxApp, actor: User) -> str:
    webhook = connection.declaration.webhook
    try:
        if webhook is not None and webhook.unregister is not None:
            webhook.unregister(connection)
        report = credentials_replace(connection, credentials=app.demo_credentials, actor=actor)
    except HubError as error:
        raise DemoConnectionError(f"{connection}: {error}") from error
    if not report.is_ok:
        raise DemoConnectionError(f"{connection}: {report.message}")
    return str(connection)


def _name(app: SandboxApp) -> str:
    return f"{app.name} (sandbox)"
