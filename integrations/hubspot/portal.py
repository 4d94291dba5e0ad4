"""What the portal is made of, as the hub wants to know it: fields, people, pipelines."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.hub.models import Connection
from integrations.hub.streams import (
    ExternalField,
    ExternalPipeline,
    ExternalStage,
    ExternalUser,
)
from integrations.hub.types import AccountInfo
from integrations.hubspot.calls import client_of
from integrations.hubspot.client.schema import Owner, Pipeline, Property, Stage
from integrations.hubspot.kinds import FIRST_WORDS, LINK, Kind

LINK_LABELS = {
    "companies": "Company (the primary one)",
    "contacts": "Contact (the first one)",
    "deals": "Deal (the first one)",
}


def account(connection: Connection) -> AccountInfo:
    return client_of(connection).account()


def describe(connection: Connection, kind: Kind) -> list[ExternalField]:
    """Its properties by label, then what we read beside them."""
    found = [_field(one) for one in client_of(connection).properties(kind.name)]
    found.sort(key=lambda one: one.label.lower())
    links = [ExternalField(LINK + to, LINK_LABELS[to], "link") for to in kind.links]
    if kind.rich and not kind.named_by:
        links.append(ExternalField(FIRST_WORDS, "First words of the text", is_read_only=True))
    return [*found, *links]


def users(connection: Connection) -> Sequence[ExternalUser]:
    """Owners who are people, those who left too; a queue owns nothing of ours."""
    client = client_of(connection)
    owners = [*client.owners(), *client.owners(is_archived=True)]
    return [_user(one) for one in owners if not one.is_queue]


def pipelines(connection: Connection) -> Sequence[ExternalPipeline]:
    return [_pipeline(one) for one in client_of(connection).pipelines()]


def _field(found: Property) -> ExternalField:
    return ExternalField(
        name=found.name,
        label=found.label,
        kind="choice" if found.options else found.type,
        is_read_only=found.is_read_only or found.is_calculated,
        choices=found.options,
    )


def _user(owner: Owner) -> ExternalUser:
    name = f"{owner.first_name} {owner.last_name}".strip() or owner.email or owner.id
    return ExternalUser(owner.id, owner.email, name, is_active=not owner.is_archived)


def _pipeline(found: Pipeline) -> ExternalPipeline:
    return ExternalPipeline(found.id, found.label, tuple(_stage(one) for one in found.stages))


def _stage(found: Stage) -> ExternalStage:
    """A closed stage is won at 1 and lost at 0; HubSpot has no other word for it."""
    try:
        probability = round(float(found.probability) * 100) if found.probability else None
    except ValueError:
        probability = None
    return ExternalStage(
        id=found.id,
        name=found.label,
        probability=probability,
        is_won=found.is_closed and probability == 100,
        is_lost=found.is_closed and probability != 100,
    )
