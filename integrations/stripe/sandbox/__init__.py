"""A fake Stripe, good enough that the official SDK cannot tell: see sandbox/server.py."""

from __future__ import annotations

from integrations.hub.sandbox.fake import SandboxApp
from integrations.stripe.sandbox.server import StripeFake

sandbox = SandboxApp(
    id="stripe",
    name="Stripe",
    open=StripeFake,
    secret_fields=frozenset({"secret", "client_secret"}),
    demo_credentials={"api_key": "sk_test_nexa_demo"},
)
