"""Django's entry into the project itself and into its operator console."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig

from nexa import checks  # noqa: F401  (system checks register on import)


class NexaConfig(AppConfig):
    name = "nexa"
    verbose_name = "Nexa"

    def ready(self) -> None:
        """Accounts are companies here; what the sign-in keeps goes by another name."""
        apps.get_app_config("account").verbose_name = "Sign-in"


class ConsoleConfig(AdminConfig):
    default_site = "nexa.console.ConsoleSite"
