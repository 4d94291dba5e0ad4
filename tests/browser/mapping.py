"""A paused connection that keeps records in step: its mapping, people, values and conflicts."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from crm.models import Contact, Pipeline, User, Workspace
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.models import (
    ConflictState,
    Connection,
    ConnectionState,
    OwnershipMapping,
    SyncConflict,
    SyncRecord,
    SyncState,
    ValueMapping,
)

NAME = "HubSpot of the sales team"
LONG = "Vice President of Strategic Partnerships, Europe, Middle East and Africa " * 3


def mapped_connection(workspace: Workspace, seller: User) -> Connection:
    """Paused, so that nobody is called while pages are looked at."""
    connection = Connection.objects.create(
        workspace=workspace,
        provider="hubspot",
        name=NAME,
        state=ConnectionState.PAUSED,
        credentials={},
        created_by=seller,
    )
    for order, stream in enumerate(connection.declaration.streams):
        SyncState.objects.create(
            connection=connection,
            object=stream.object,
            record_type=stream.record_type,
            order=order,
        )
        defaults_ensure(connection, stream)
    _people_made(connection, seller)
    _stages_made(connection)
    _conflicts_made(connection, seller)
    return connection


def _people_made(connection: Connection, seller: User) -> None:
    people = (
        {"external_name": "Sam Salesperson", "external_email": seller.email, "user": seller},
        {"external_name": "Bartholomäus-Maximilian Wolfeschlegelsteinhausenbergerdorff"},
        {"external_name": "", "external_email": "gone@example.test", "is_active": False},
    )
    for number, values in enumerate(people):
        OwnershipMapping.objects.create(
            connection=connection, external_id=f"owner-{number}", **values
        )


def _stages_made(connection: Connection) -> None:
    stages = Pipeline.objects.filter(workspace=connection.workspace).first()
    for stage in stages.stages.all() if stages else ():
        ValueMapping.objects.create(
            connection=connection,
            name="stage",
            theirs=f"{stage.name.lower().replace(' ', '')}",
            label=f"Sales pipeline: {stage.name}",
            ours=str(stage.pk),
            order=stage.order,
            is_automatic=True,
        )
    ValueMapping.objects.create(connection=connection, name="stage", theirs="appointmentscheduled")


def _conflicts_made(connection: Connection, seller: User) -> None:
    """Two that wait, one of them with values that break layouts; one settled by its rule."""
    contacts = Contact.objects.filter(workspace=connection.workspace).order_by("pk")[:3]
    values = (
        {"field": "title", "ours": "Countess", "theirs": "Engineer", "base": "Analyst"},
        {"field": "title", "ours": LONG, "theirs": "x" * 120, "base": None, "is_in_doubt": True},
        {"field": "owner", "ours": seller.pk, "theirs": "owner-1", "winner": "ours"},
    )
    for contact, said in zip(contacts, values, strict=True):
        link = SyncRecord.objects.create(
            connection=connection,
            object="contacts",
            record_type="contact",
            local_id=contact.pk,
            external_id=f"1{contact.pk}",
            base_theirs={"email": contact.email, "first_name": contact.first_name},
        )
        is_settled = "winner" in said
        SyncConflict.objects.create(
            connection=connection,
            link=link,
            object="contacts",
            record_type="contact",
            local_id=contact.pk,
            rule="ours_wins" if is_settled else "manual",
            state=ConflictState.SETTLED if is_settled else ConflictState.OPEN,
            ours_at=timezone.now() - timedelta(hours=3),
            theirs_at=timezone.now() - timedelta(hours=1),
            resolved_at=timezone.now() if is_settled else None,
            **said,
        )
