"""Facts of HubSpot's log-in as plain data: addresses, scopes, the life of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

AUTHORIZE_URL = "https://app.hubspot.com/oauth/authorize"
# Always go by `expires_in`; this is what it says today.
ACCESS_TOKEN_SECONDS = 1800
# Refresh when this share of the life is over.
REFRESH_AT = 0.8
# Refresh tokens live until uninstall or revoke, and stay the same when used.
ROTATES_REFRESH_TOKENS = False

BASE_SCOPE = "oauth"
READ_SCOPES = (
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
OPTIONAL_SCOPES = ("tickets",)


def scopes_needed(*, is_two_way: bool) -> tuple[str, ...]:
    """What must be granted; without a `.write` the import is one-way."""
    return (BASE_SCOPE, *READ_SCOPES, *(WRITE_SCOPES if is_two_way else ()))


def authorize_url(
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    scopes: Sequence[str],
    optional_scopes: Sequence[str] = OPTIONAL_SCOPES,
) -> str:
    """Where the person grants access.

    A needed scope that the person's role or plan lacks fails the whole page, so whatever the CRM
    can do without is optional, and the reply's list says what was granted.
    """
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "optional_scope": " ".join(optional_scopes),
        "state": state,
    }
    return f"{AUTHORIZE_URL}?{urlencode({name: value for name, value in asked.items() if value})}"
