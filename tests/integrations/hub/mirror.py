"""A provider with streams for the engine's own tests; its vendor is mirror_vendor.py."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from crm.models import Workspace
from integrations.hub.access import ApiKeyAuth, CredentialField
from integrations.hub.credentials import Secrets
from integrations.hub.merge import Rule
from integrations.hub.models import Connection, SyncStage, SyncState
from integrations.hub.provider import Provider, RateLimit, Webhook
from integrations.hub.streams import ID_MARKER, WRITE_MARKER, MappingRow, Stream, ValueRow
from integrations.hub.sync.states import states_ensure
from tests import factories
from tests.integrations.hub import mirror_calls as calls
from tests.integrations.hub.mirror_calls import Shape, shape_of_environment
from tests.integrations.hub.mirror_vendor import API_KEY, WEBHOOK_SECRET

__all__ = ["Shape", "mirror_connection", "provider_make", "shape_of_environment"]

PLAIN = Shape()
LIFECYCLE = (
    ValueRow("new", "lead", "New"),
    ValueRow("fresh", "lead", "Fresh"),
    ValueRow("working", "sql", "Working"),
    ValueRow("client", "customer", "Client"),
)


def company_rows(rule: Rule) -> tuple[MappingRow, ...]:
    return (
        MappingRow("domain", "domain", ({"kind": "lower"},), rule=rule),
        MappingRow("name", "name", rule=rule, is_required=True),
        MappingRow("phone", "phone", rule=rule),
        MappingRow("city", "city", rule=rule),
        MappingRow("industry", "industry", rule=rule),
        MappingRow("owner", "owner_id", ({"kind": "owner"},), rule=rule),
    )


def person_rows(rule: Rule) -> tuple[MappingRow, ...]:
    return (
        MappingRow("email", "email", ({"kind": "lower"},), rule=rule),
        MappingRow("first_name", "first_name", rule=rule),
        MappingRow("last_name", "last_name", rule=rule),
        MappingRow("phone", "phone", rule=rule),
        MappingRow("title", "title", rule=rule),
        MappingRow("account", "company_id", ({"kind": "link", "name": "companies"},), rule=rule),
        MappingRow("owner", "owner_id", ({"kind": "owner"},), rule=rule),
        MappingRow("lifecycle", "status", ({"kind": "picklist", "name": "status"},), rule=rule),
    )


def deal_rows(rule: Rule) -> tuple[MappingRow, ...]:
    return (
        MappingRow("name", "title", rule=rule, is_required=True),
        MappingRow("amount", "amount", ({"kind": "number"},), rule=rule),
        MappingRow("currency", "currency", rule=rule),
        MappingRow("pipeline", "pipeline_id", ({"kind": "reference", "name": "pipeline"},)),
        MappingRow("stage", "stage_id", ({"kind": "reference", "name": "stage"},)),
        MappingRow("account", "company_id", ({"kind": "link", "name": "companies"},), rule=rule),
    )


def stream_of(
    object: str, record_type: str, rows: tuple[MappingRow, ...], shape: Shape, **more: Any
) -> Stream:
    return Stream(
        object=object,
        record_type=record_type,
        label=object.capitalize(),
        mapping=rows,
        pull=partial(calls.pull, object),
        read=partial(calls.read, object) if shape.can_read else None,
        find=partial(calls.find, object) if shape.can_find else None,
        write=partial(calls.write, object, shape) if shape.can_write else None,
        delete=partial(calls.delete, object) if shape.can_delete else None,
        describe=partial(calls.describe, object),
        id_marker=ID_MARKER if shape.has_markers else "",
        write_marker=WRITE_MARKER if shape.has_markers else "",
        is_guarded=shape.is_guarded,
        is_sorted=shape.is_sorted,
        read_size=shape.read_size,
        write_size=shape.write_size,
        overlap=timedelta(seconds=shape.overlap_seconds),
        **more,
    )


def provider_make(shape: Shape = PLAIN, *, id: str = "mirror") -> Provider:
    rule = Rule(shape.rule)
    streams = [
        stream_of("companies", "account", company_rows(rule), shape, natural_key="domain"),
        stream_of(
            "people",
            "contact",
            person_rows(rule),
            shape,
            natural_key="email",
            depends_on=("companies",),
            values={"status": LIFECYCLE},
        ),
    ]
    if shape.has_deals:
        streams.append(
            stream_of("deals", "deal", deal_rows(rule), shape, depends_on=("companies", "people"))
        )
    kinds = [f"{one.object}.{what}" for one in streams for what in WHATS]
    return Provider(
        id=id,
        name=id.replace("_", " ").capitalize(),
        summary="Keeps what it is told, and tells what it keeps.",
        auth=ApiKeyAuth(
            fields=(
                CredentialField("api_key", "API key", pattern=r"mirror_live_\w+"),
                CredentialField("webhook_secret", "Signing secret", is_required=False),
            )
        ),
        check=calls.account_info,
        hosts=("api.mirror.test",),
        limits=(RateLimit("api", requests=10_000, seconds=1),),
        webhook=Webhook(calls.verify, calls.events, headers=("x-mirror-signature",)),
        streams=tuple(streams),
        hints=dict.fromkeys(kinds, calls.hints),
        users=calls.users,
        pipelines=calls.pipelines,
    )


WHATS = ("created", "changed", "deleted", "merged")


def mirror_connection(
    workspace: Workspace, *, stage: SyncStage = SyncStage.LIVE, **fields: Any
) -> Connection:
    """A connection whose streams are live, with the default mapping."""
    secrets = Secrets({"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET})
    values = {"provider": "mirror", "name": factories.unique("Mirror"), "credentials": secrets}
    connection = Connection.objects.create(workspace=workspace, **(values | fields))
    states_ensure(connection)
    SyncState.objects.filter(connection=connection).update(stage=stage)
    return connection
