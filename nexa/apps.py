"""Django's entry into the project itself and into its operator console."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from nexa import checks  # noqa: F401  (system checks register on import)


class NexaConfig(AppConfig):
    name = "nexa"
    verbose_name = "Nexa"


class ConsoleConfig(AdminConfig):
    default_site = "nexa.console.ConsoleSite"
