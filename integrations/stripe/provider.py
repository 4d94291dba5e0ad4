"""Stripe: bills won deals, and tells the CRM what was paid. Read this first."""

from __future__ import annotations

from integrations.hub.access import ApiKeyAuth, CredentialField, SettingField
from integrations.hub.provider import Provider, RateLimit, Webhook
from integrations.stripe import client, facts, push, webhooks

provider = Provider(
    id="stripe",
    name="Stripe",
    summary=(
        "Won deals become subscriptions; payments, failures and renewals show on the company."
    ),
    auth=ApiKeyAuth(
        fields=(
            CredentialField(
                "api_key",
                "Secret or restricted key",
                help="Stripe, Developers, API keys. A restricted key is best; see the set-up "
                "steps for its permissions.",
                pattern=r"(sk|rk)_(test|live)_[A-Za-z0-9_]{4,240}",
                pattern_help="A key begins with sk_test_, rk_test_, sk_live_ or rk_live_.",
                sandbox="sk_test_nexa_demo",
            ),
            CredentialField(
                "webhook_secret",
                "Signing secret",
                is_signing=True,
                help="Leave it empty: the web-hook is made for you. Fill it in only when you made "
                "the web-hook in Stripe yourself.",
                is_required=False,
                pattern=r"whsec_[A-Za-z0-9+/=_]{8,240}",
                pattern_help="A signing secret begins with whsec_.",
            ),
        )
    ),
    settings_fields=(
        SettingField(
            "bills_won_deals",
            "Bill won deals",
            kind="boolean",
            default=True,
            help="A won deal with recurring line items becomes a subscription.",
        ),
        SettingField(
            "collection",
            "How customers pay",
            kind="choice",
            default="send_invoice",
            choices=(
                ("send_invoice", "Stripe sends an invoice by e-mail"),
                ("charge_automatically", "By card; the first payment starts it"),
            ),
        ),
        SettingField(
            "days_until_due",
            "Days until an invoice is due",
            kind="integer",
            default=30,
        ),
    ),
    hosts=("api.stripe.com",),
    # Test mode's limit; live mode allows more. Two keys of one account share it.
    limits=(RateLimit("api", requests=25, seconds=1),),
    check=client.account,
    webhook=Webhook(
        verify=webhooks.verify,
        events=webhooks.events,
        ensure=webhooks.ensure,
        unregister=webhooks.unregister,
        headers=(webhooks.SIGNATURE,),
    ),
    commands={"subscription_create": push.subscription_create},
    facts=facts.FACTS,
    error=client.error,
    account_form=client.ACCOUNT_FORM,
    documentation_url="https://docs.stripe.com/keys",
)
