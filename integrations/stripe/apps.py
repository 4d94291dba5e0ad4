"""Django's entry into the Stripe provider."""

from __future__ import annotations

from django.apps import AppConfig


class StripeConfig(AppConfig):
    name = "integrations.stripe"
    label = "stripe"
    verbose_name = "Stripe"
