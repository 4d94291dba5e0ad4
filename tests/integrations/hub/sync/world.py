"""Acts of the engine's tests: people at work on both sides, rounds of work, web-hooks, time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client

from crm.models import Account, Contact, Record
from crm.services.accounts import account_archive, account_create, account_restore, account_update
from crm.services.contacts import contact_archive, contact_create, contact_restore, contact_update
from integrations.hub.models import Connection, SyncRecord, SyncState
from integrations.hub.pump import pump
from tests import factories
from tests.integrations.hub.conftest import time_passes as jobs_age
from tests.integrations.hub.mirror_vendor import MirrorVendor, signature

ORIGIN = factories.TEST_ORIGIN
CREATES: dict[str, Any] = {"contact": contact_create, "account": account_create}
UPDATES: dict[str, Any] = {"contact": contact_update, "account": account_update}
ARCHIVES: dict[str, Any] = {"contact": contact_archive, "account": account_archive}
RESTORES: dict[str, Any] = {"contact": contact_restore, "account": account_restore}
MODELS: dict[str, type[Record]] = {"contact": Contact, "account": Account}
BUDGET_SECONDS = 60.0
# How many rounds of work may pass before nothing moves any more.
ROUNDS = 8


@dataclass(frozen=True)
class TypedHere:
    """A value a person typed on our side, and the one it took the place of."""

    record_type: str
    record_id: int
    path: str
    value: Any
    replaced: Any


@dataclass
class Desk:
    """People of ours at work; remembers what they typed."""

    connection: Connection
    typed: list[TypedHere] = field(default_factory=list)

    def make(self, record_type: str, **values: Any) -> Any:
        record = CREATES[record_type](
            workspace=self.connection.workspace, values=values, origin=ORIGIN
        )
        self._note(record_type, record, values, {})
        return record

    def edit(self, record: Any, **values: Any) -> None:
        record_type = record._meta.model_name
        record.refresh_from_db()
        before = {path: getattr(record, path) for path in values}
        UPDATES[record_type](record, values=values, origin=ORIGIN)
        record.refresh_from_db()
        self._note(record_type, record, values, before)

    def archive(self, record: Any) -> None:
        record.refresh_from_db()
        ARCHIVES[record._meta.model_name](record, origin=ORIGIN)

    def restore(self, record: Any) -> None:
        record.refresh_from_db()
        RESTORES[record._meta.model_name](record, origin=ORIGIN)

    def _note(
        self, record_type: str, record: Any, values: dict[str, Any], before: dict[str, Any]
    ) -> None:
        for path in values:
            value = getattr(record, path)
            self.typed.append(TypedHere(record_type, record.pk, path, value, before.get(path)))


def work() -> None:
    """Do all that is due, retries within the next minute included."""
    pump(BUDGET_SECONDS)
    jobs_age(70)
    pump(BUDGET_SECONDS)


def streams_due(connection: Connection, *objects: str, is_full: bool = False) -> None:
    states = SyncState.objects.filter(connection=connection)
    if objects:
        states = states.filter(object__in=objects)
    states.update(next_run_at=Now())
    if is_full:
        states.update(is_full_wanted=True)


def pull(connection: Connection, *objects: str, is_full: bool = False) -> None:
    """Every stream (or those named) is pulled, and what follows from it is done."""
    streams_due(connection, *objects, is_full=is_full)
    pump(BUDGET_SECONDS)


def pull_out(connection: Connection) -> None:
    """Every stream is listed whole, however long that takes."""
    streams_due(connection, is_full=True)
    while SyncState.objects.filter(connection=connection, is_full_wanted=True).exists():
        pump(BUDGET_SECONDS)


def quiesce(connection: Connection, mirror: MirrorVendor) -> int:
    """Work until a round of everything writes nothing on either side; how many rounds it took.

    Fails when it does not come to rest.
    """
    for number in range(1, ROUNDS + 1):
        before = (len(mirror.writes()), ours_versions(connection))
        streams_due(connection, is_full=number == 1)
        work()
        if before == (len(mirror.writes()), ours_versions(connection)):
            return number
    raise AssertionError(f"Still writing after {ROUNDS} rounds: {mirror.writes()[-5:]}")


def ours_versions(connection: Connection) -> dict[tuple[str, int], int]:
    """The versions of all our records, which rise with every write."""
    return {
        (name, pk): version
        for name, model in MODELS.items()
        for pk, version in model._default_manager.filter(
            workspace=connection.workspace_id
        ).values_list("pk", "version")
    }


def deliver(connection: Connection, events: Iterable[dict[str, Any]]) -> None:
    """The vendor calls our web-hook with each event by itself."""
    client = Client()
    for event in events:
        body = json.dumps({"events": [event]}).encode()
        answer = client.post(
            f"/webhooks/mirror/{connection.webhook_key}/",
            data=body,
            content_type="application/json",
            headers={"X-Mirror-Signature": signature(body)},
        )
        assert answer.status_code == 200, answer.content


def link_of(connection: Connection, record: Record) -> SyncRecord:
    return SyncRecord.objects.get(
        connection=connection, record_type=record._meta.model_name, local_id=record.pk
    )


def ours_of(connection: Connection, object: str, external_id: str) -> Any:
    """Our record of a thing of theirs."""
    link = SyncRecord.objects.get(connection=connection, object=object, external_id=external_id)
    return MODELS[link.record_type]._default_manager.get(pk=link.local_id)


def time_passes(seconds: float) -> None:
    """Everything the engine compares with the database's clock happened `seconds` earlier."""
    jobs_age(seconds)
    moved = {
        "hub_syncstate": ("next_run_at", "next_full_at", "lease_until"),
        "hub_syncrecord": ("folded_at", "gone_at", "away_at", "state_at"),
        "hub_writeintent": ("created_at", "looked_at"),
        "hub_quarantineditem": ("first_at", "last_at"),
    }
    with database.cursor() as cursor:
        for table, columns in moved.items():
            sets = ", ".join(f"{name} = {name} - interval '{seconds} seconds'" for name in columns)
            cursor.execute(f"UPDATE {table} SET {sets}")
