"""HubSpot's log-in as it is declared to the hub: addresses, scopes, the life of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.hub.access import OAuth
from integrations.hubspot.client.paths import BASE, oauth_path

AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"
# Always go by `expires_in`; this is what it says today.
ACCESS_TOKEN_SECONDS = 1800

READ_SCOPES = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.schemas.contacts.read",
    "crm.schemas.companies.read",
    "crm.schemas.deals.read",
    "crm.objects.owners.read",
)
WRITE_SCOPES = (
    "crm.objects.contacts.write",
    "crm.objects.companies.write",
    "crm.objects.deals.write",
)
# A needed scope that the person's role or plan lacks fails the whole consent page, so whatever the
# CRM can do without is optional, and the answer's list says what was granted.
OPTIONAL_SCOPES = (
    "crm.schemas.contacts.write",
    "crm.schemas.companies.write",
    "crm.schemas.deals.write",
    "tickets",
)
SCOPE_WORDS = {
    "oauth": "sign in",
    "crm.objects.contacts.read": "read contacts, with their notes, calls, tasks and meetings",
    "crm.objects.contacts.write": "send contacts, notes, calls, tasks and meetings",
    "crm.objects.companies.read": "read companies",
    "crm.objects.companies.write": "send companies",
    "crm.objects.deals.read": "read deals",
    "crm.objects.deals.write": "send deals",
    "crm.schemas.contacts.read": "offer contact fields for mapping",
    "crm.schemas.companies.read": "offer company fields for mapping",
    "crm.schemas.deals.read": "offer deal fields for mapping",
    "crm.objects.owners.read": "know who owns a record",
    "crm.schemas.contacts.write": "keep our own id on contacts, so that none is made twice",
    "crm.schemas.companies.write": "keep our own id on companies, so that none is made twice",
    "crm.schemas.deals.write": "keep our own id on deals, so that none is made twice",
    "tickets": "read tickets",
}


def portal_of(answer: Mapping[str, Any]) -> str:
    """The portal that a token answer is of."""
    return str(answer.get("hub_id") or "")


OAUTH = OAuth(
    authorize_url=AUTHORIZE_URL,
    token_url=BASE + oauth_path("token"),
    scopes=READ_SCOPES,
    write_scopes=WRITE_SCOPES,
    optional_scopes=OPTIONAL_SCOPES,
    scope_words=SCOPE_WORDS,
    optional_scope_parameter="optional_scope",
    # Not in HubSpot's description of the log-in; the client secret proves who asks.
    uses_pkce=False,
    lifetime_seconds=ACCESS_TOKEN_SECONDS,
    revoke_url=BASE + oauth_path("token", "revoke"),
    introspect_url=BASE + oauth_path("token", "introspect"),
    account=portal_of,
    setup_url="https://developers.hubspot.com/docs/apps/developer-platform/build-apps/overview",
    setup_help="A public app of a developer account; its client ID and secret are on its page.",
)
