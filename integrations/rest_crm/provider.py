"""A CRM that you built or that nobody else knows: configured, not coded. Read this first."""

from __future__ import annotations

from integrations.hub.provider import Provider, RateLimit, SharedDoor, Webhook
from integrations.rest_crm import client, facts, pull, push, tuning, webhooks
from integrations.rest_crm.environment import environment_connection
from integrations.rest_crm.settings_fields import AUTH, SETTINGS

provider = Provider(
    id="rest_crm",
    name="REST CRM",
    summary=(
        "Leads, properties and inquiries, two-way, with a CRM of your own: addresses, fields and "
        "values are settings."
    ),
    auth=AUTH,
    settings_fields=SETTINGS,
    settings_check=tuning.settings_check,
    has_user_given_host=True,
    # Nobody publishes a limit: polite for a CRM on one machine.
    limits=(RateLimit("api", requests=10, seconds=1),),
    check=client.account,
    webhook=Webhook(
        verify=webhooks.verify,
        events=webhooks.events,
        ensure=webhooks.ensure,
        unregister=webhooks.unregister,
        headers=(webhooks.EVENT_HEADER,),
        door=SharedDoor("crm", webhooks.connection_of),
    ),
    streams=pull.STREAMS,
    users=pull.people,
    commands={
        "activity_create": push.activity_create,
        "deal_create": push.deal_create,
        "inquiry_create": push.inquiry_create,
    },
    facts=facts.FACTS,
    read_seconds=tuning.read_seconds,
    retry_delays=tuning.retry_delays,
    priority=tuning.priority,
    environment=environment_connection,
)
