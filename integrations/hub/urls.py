"""The doors of the hub."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from integrations.hub.views.webhook import webhook

app_name = "hub"
urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/<slug:provider>/<str:key>/", webhook, name="webhook"),
]
