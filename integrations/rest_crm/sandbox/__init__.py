"""A fake of the contract we ship: see sandbox/server.py."""

from __future__ import annotations

from integrations.hub.sandbox.fake import SandboxApp
from integrations.rest_crm.sandbox.server import RestCrmFake

sandbox = SandboxApp(
    id="rest_crm",
    name="REST CRM",
    open=RestCrmFake,
    secret_fields=frozenset({"secret"}),
    demo_credentials={"api_key": "crm_key_demo", "api_secret": "crm_secret_demo"},
    demo_settings={"base_url": "https://crm.example.com"},
)
