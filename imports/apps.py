"""Django's entry into imports and exports."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Adds the search for orphaned jobs to the hub's tick, and its pages to the CRM's."""

    name = "imports"
    verbose_name = "Imports and exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        for listener in ("sweeping", "panels"):
            import_module(f"imports.{listener}")
