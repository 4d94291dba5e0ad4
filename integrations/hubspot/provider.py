"""HubSpot: contacts, companies, deals, activities and tasks, both ways. Read this first."""

from __future__ import annotations

from integrations.hub.access import ApiKeyAuth, CredentialField, SettingField
from integrations.hub.marks import marks_field
from integrations.hub.provider import Provider, RateLimit, Webhook
from integrations.hubspot import portal, subscribing, webhooks
from integrations.hubspot.client.paths import LEGACY, VERSIONS
from integrations.hubspot.hints import hints
from integrations.hubspot.kinds import NEXA_ID, NEXA_REV
from integrations.hubspot.limits import DAILY_LIMIT, PRIVATE_APP_LIMITS
from integrations.hubspot.oauth import OAUTH
from integrations.hubspot.streams import STREAMS

LIMITS: tuple[RateLimit, ...] = (*PRIVATE_APP_LIMITS, DAILY_LIMIT)

provider = Provider(
    id="hubspot",
    name="HubSpot",
    summary="Contacts, companies, deals, activities and tasks are kept in step, both ways.",
    auth=ApiKeyAuth(
        fields=(
            CredentialField(
                "access_token",
                "Private app's access token",
                help="HubSpot, Settings, Integrations, Private Apps. See the set-up steps for "
                "the scopes it needs.",
                pattern=r"pat-[a-z0-9]+-[A-Za-z0-9-]{4,200}",
                pattern_help="This is no whole token of a private app: one begins with pat-, then "
                "says where the account is, as in pat-na1-… or pat-eu1-…, and goes on from there. "
                "Copy all of it.",
                sandbox="pat-na1-nexa-demo",
            ),
            CredentialField(
                "client_secret",
                "Client secret",
                is_signing=True,
                help="Of the same app; it proves that web-hooks come from HubSpot. Without it "
                "changes are found by asking every few minutes.",
                is_required=False,
                sandbox="hubspot-sandbox-secret",
            ),
            CredentialField(
                "app_id",
                "App ID",
                help="Only for a public app: with the developer key its web-hooks are set for you.",
                is_required=False,
                pattern=r"\d{1,20}",
                pattern_help="An app's ID is a number.",
                sandbox="54321",
            ),
            CredentialField(
                "developer_key",
                "Developer API key",
                help="Of the developer account that holds the public app.",
                is_required=False,
                sandbox="hubspot-sandbox-developer-key",
            ),
        )
    ),
    oauth=OAUTH,
    settings_fields=(
        SettingField(
            "crm_version",
            "Version of the API",
            kind="choice",
            default=LEGACY,
            choices=tuple((version, version) for version in VERSIONS),
            help="HubSpot names its versions by date; v3 goes on to work.",
        ),
        marks_field("HubSpot", (NEXA_ID, NEXA_REV)),
    ),
    hosts=("api.hubapi.com",),
    # The lowest of all plans; a higher one's calls are not used up.
    limits=LIMITS,
    check=portal.account,
    webhook=Webhook(
        verify=webhooks.verify,
        events=webhooks.events,
        ensure=subscribing.ensure,
        unregister=subscribing.unregister,
        headers=(webhooks.SIGNATURE, webhooks.TIMESTAMP),
    ),
    streams=STREAMS,
    hints=dict.fromkeys(webhooks.EVENTS, hints),
    users=portal.users,
    pipelines=portal.pipelines,
    account_form=r"\d+",
    documentation_url="https://developers.hubspot.com/docs/api/private-apps",
)
