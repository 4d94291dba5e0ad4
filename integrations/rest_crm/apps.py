"""Django's entry into the REST CRM provider."""

from __future__ import annotations

from integrations.hub.apps import ProviderConfig


class RestCrmConfig(ProviderConfig):
    name = "integrations.rest_crm"
    label = "rest_crm"
    verbose_name = "REST CRM"
