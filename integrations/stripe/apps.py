"""Django's entry into the Stripe provider."""

from __future__ import annotations

from integrations.hub.apps import ProviderConfig


class StripeConfig(ProviderConfig):
    name = "integrations.stripe"
    label = "stripe"
    verbose_name = "Stripe"
