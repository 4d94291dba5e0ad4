"""A live connection with a week behind it: a contact that fails there, tries, and rows to offer."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from crm.choices import OriginKind
from crm.models import Contact, Deal, User
from crm.services.contacts import contact_create, contact_update
from crm.services.origin import Origin
from integrations.hub.lanes import lane_of
from integrations.hub.mapping.edits import defaults_ensure
from integrations.hub.models import (
    Attempt,
    Connection,
    ConnectionState,
    FieldMapping,
    JobKind,
    JobState,
    RunKind,
    RunStatus,
    SyncJob,
    SyncRecord,
    SyncRun,
    SyncStage,
    SyncState,
)
from integrations.hub.sync.undoing import run_origin_id

NAME = "HubSpot of the partners"
REFUSED = (
    "Property values were not valid: lifecyclestage “reactivated-after-a-long-time” is not one of "
    "the allowed options subscriber, lead, marketingqualifiedlead, opportunity, customer"
)


def standings_made(contact: Contact, deal: Deal, seller: User) -> Connection:
    """Paused, so that nobody is called while pages are looked at."""
    connection = Connection.objects.create(
        workspace=contact.workspace,
        provider="hubspot",
        name=NAME,
        state=ConnectionState.PAUSED,
        credentials={},
        created_by=seller,
    )
    for order, stream in enumerate(connection.declaration.streams[:3]):
        SyncState.objects.create(
            connection=connection,
            object=stream.object,
            record_type=stream.record_type,
            order=order,
            stage=SyncStage.LIVE,
            coverage={"percent": 99.2},
            cursor={"at": timezone.now().isoformat()},
        )
        defaults_ensure(connection, stream)
    _rows_gained(connection)
    _link(connection, "contacts", contact, problems={"lifecycle": REFUSED, "title": "Too long."})
    _link(connection, "deals", deal)
    _tried(connection, contact)
    _runs_made(connection)
    _written_by_the_last_run(connection, contact)
    return connection


def _rows_gained(connection: Connection) -> None:
    """As if the provider had come by two rows since."""
    rows = FieldMapping.objects.filter(connection=connection, object="contacts")
    for row in rows.order_by("-order")[:2]:
        state = SyncState.objects.get(connection=connection, object="contacts")
        state.offered_paths.remove(row.path)
        state.save(update_fields=["offered_paths"])
        row.delete()


def _link(connection: Connection, object: str, record: Contact | Deal, **fields: object) -> None:
    SyncRecord.objects.create(
        connection=connection,
        object=object,
        record_type=record._meta.model_name,
        local_id=record.pk,
        external_id=f"77{record.pk}",
        local_version=record.version,
        folded_at=timezone.now() - timedelta(minutes=12),
        **fields,
    )


def _tried(connection: Connection, contact: Contact) -> None:
    job = SyncJob.objects.create(
        connection=connection,
        kind=JobKind.PUSH,
        lane=lane_of(connection.pk, "contact", contact.pk),
        record_type="contact",
        record_id=contact.pk,
        state=JobState.DEAD,
        reason="invalid",
        last_error=REFUSED,
        finished_at=timezone.now(),
    )
    tries = (("again", 502, "HubSpot answered 502."), ("done", 200, ""), ("dead", 400, REFUSED))
    for number, (outcome, status, words) in enumerate(tries, start=1):
        Attempt.objects.create(
            job=job,
            number=number,
            generation=1,
            is_counted=True,
            outcome=outcome,
            status_code=status,
            message=words,
            duration_ms=130 * number,
            started_at=timezone.now() - timedelta(hours=3 - number),
        )


def _runs_made(connection: Connection) -> None:
    results = (RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.PARTIAL, RunStatus.FAILED)
    for number in range(60):
        SyncRun.objects.create(
            connection=connection,
            object="contacts",
            kind=RunKind.PULL,
            status=results[number % 4 if number % 7 == 0 else 0],
            synced=(number * 37) % 90,
            updated=(number * 37) % 90,
            failed=number % 4,
            duration_ms=400 + (number * 311) % 4000,
            started_at=timezone.now() - timedelta(hours=160 - number * 2.7),
        )


def _written_by_the_last_run(connection: Connection, contact: Contact) -> None:
    run = connection.sync_runs.latest("pk")
    SyncRun.objects.filter(pk=run.pk).update(status=RunStatus.SUCCESS, created=1, updated=1)
    origin = Origin(OriginKind.CONNECTION, run_origin_id(run))
    contact_update(contact, values={"source": "Partner day"}, origin=origin)
    contact_create(
        workspace=connection.workspace, values={"last_name": "Made by a pull"}, origin=origin
    )
