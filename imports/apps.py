"""Django's entry into imports and exports."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Adds the search for orphaned jobs to the hub's tick."""

    name = "imports"
    verbose_name = "Imports and exports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("imports.sweeping")
