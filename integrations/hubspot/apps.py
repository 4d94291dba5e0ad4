"""Django's entry into the HubSpot provider."""

from __future__ import annotations

from integrations.hub.apps import ProviderConfig


class HubSpotConfig(ProviderConfig):
    name = "integrations.hubspot"
    label = "hubspot"
    verbose_name = "HubSpot"
