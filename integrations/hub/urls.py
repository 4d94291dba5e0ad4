"""The doors of the hub: vendors' web-hooks, and the pages of integrations."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from integrations.hub.mapping_urls import mapping_patterns
from integrations.hub.views import (
    conflicts,
    connecting,
    connections,
    first_sync,
    records,
    streams,
)
from integrations.hub.views.connection_settings import connection_settings
from integrations.hub.views.integrations import integration_list
from integrations.hub.views.webhook import shared_webhook, webhook

app_name = "hub"

_CONNECTION = "integrations/connections/<int:pk>/"
_RECORD = "integrations/records/<slug:record_type>/<int:pk>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/<slug:provider>/<slug:key>/", webhook, name="webhook"),
    path("api/<slug:door>/webhook", shared_webhook, name="shared_webhook"),
    path("api/<slug:door>/webhook/", shared_webhook),
    path("integrations/", integration_list, name="integration_list"),
    path(_CONNECTION, connections.connection_detail, name="connection_detail"),
    path(f"{_CONNECTION}test/", connections.connection_test, name="connection_test"),
    path(
        f"{_CONNECTION}settings/",
        connection_settings,
        name="connection_settings",
    ),
    path(f"{_CONNECTION}pause/", connections.connection_pause, name="connection_pause"),
    path(f"{_CONNECTION}resume/", connections.connection_resume, name="connection_resume"),
    path(
        f"{_CONNECTION}credentials/",
        connecting.connection_credentials,
        name="connection_credentials",
    ),
    path(
        f"{_CONNECTION}disconnect/",
        connections.connection_disconnect,
        name="connection_disconnect",
    ),
    path(_CONNECTION, include(mapping_patterns)),
    path(f"{_CONNECTION}first-sync/", first_sync.first_sync, name="first_sync"),
    path(f"{_CONNECTION}first-sync/start/", first_sync.first_sync_start, name="first_sync_start"),
    path(
        f"{_CONNECTION}first-sync/decide/",
        first_sync.first_sync_decide,
        name="first_sync_decide",
    ),
    path("integrations/streams/<int:pk>/", streams.stream_detail, name="stream_detail"),
    path("integrations/streams/<int:pk>/act/", streams.stream_act, name="stream_act"),
    path("integrations/runs/<int:pk>/undo/", streams.run_undo, name="run_undo"),
    path(_RECORD, records.record_systems, name="record_systems"),
    path(f"{_RECORD}again/", records.record_again, name="record_again"),
    path("conflicts/", conflicts.conflict_list, name="conflict_list"),
    path("conflicts/decide/", conflicts.conflict_decide, name="conflict_decide"),
    path("integrations/oauth/callback/", connecting.oauth_callback, name="oauth_callback"),
    path("integrations/<slug:provider_id>/new/", connecting.connection_new, name="connection_new"),
]
