"""Django's entry into the hub, and the base of every provider's entry."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig

from integrations.hub import outdated, registry

LISTENERS = (
    *("checks", "oauth.idling", "outbox", "schedules", "panels", "environment"),
    *("sync.provisioning", "sync.undoing", "sync.reconciling", "sync.waivers", "hub_check"),
)


class HubConfig(AppConfig):
    """Loads the providers, then connects what listens."""

    name = "integrations.hub"
    label = "hub"
    verbose_name = "Integration hub"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        outdated.code.remember()
        registry.load()
        for listener in LISTENERS:
            import_module(f"integrations.hub.{listener}")


class ProviderConfig(AppConfig):
    """A provider's app: connects its signals, if it has any."""

    default = False
    default_auto_field = "django.db.models.BigAutoField"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Django must choose the subclass in a module that imports this base too."""
        super().__init_subclass__(**kwargs)
        cls.default = True

    def ready(self) -> None:
        path = f"{self.name}.signals"
        if find_spec(path) is not None:
            import_module(path)
