"""Django's entry into the hub."""

from __future__ import annotations

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "integrations.hub"
    label = "hub"
    verbose_name = "Integration hub"
    default_auto_field = "django.db.models.BigAutoField"
