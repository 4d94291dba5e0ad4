"""A fake HubSpot that holds state, good enough that the client cannot tell: see server.py."""

from __future__ import annotations

from integrations.hub.sandbox.fake import SandboxApp
from integrations.hubspot.sandbox.catalog import APP_ID, CLIENT_ID, CLIENT_SECRET, DEVELOPER_KEY
from integrations.hubspot.sandbox.server import HubSpotFake

sandbox = SandboxApp(
    id="hubspot",
    name="HubSpot",
    open=HubSpotFake,
    secret_fields=frozenset(
        {"access_token", "refresh_token", "client_secret", "token", "hapikey", "developer_key"}
    ),
    pages=frozenset({"/oauth/authorize"}),
    demo_application=(CLIENT_ID, CLIENT_SECRET),
    demo_credentials={
        "access_token": "pat-na1-nexa-demo",
        "client_secret": CLIENT_SECRET,
        "app_id": str(APP_ID),
        "developer_key": DEVELOPER_KEY,
    },
    demo_stages={
        "default": {
            "appointmentscheduled": "New",
            "qualifiedtobuy": "Qualified",
            "presentationscheduled": "Proposal",
            "decisionmakerboughtin": "Negotiation",
            "contractsent": "Negotiation",
            "closedwon": "Closed won",
            "closedlost": "Closed lost",
        }
    },
)
