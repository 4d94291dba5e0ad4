"""Batches on several connections: they lock in one order, so none is the victim of another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from crm.choices import OriginKind
from crm.models import Activity, Contact, Lead, Record, Workspace
from crm.services.batches import records_write
from crm.services.origin import Origin
from tests.crm.services.test_concurrency import at_once, raised

pytestmark = pytest.mark.django_db(transaction=True)

VENDOR = Origin(OriginKind.CONNECTION, "7")
ROWS = 20


def _made(model: type[Record], workspace: Workspace) -> list[int]:
    rows = [{"last_name": f"Person {number}"} for number in range(ROWS)]
    with transaction.atomic():
        made, _ = records_write(model, workspace=workspace, creates=rows, updates=[], origin=VENDOR)
    return [result.record_id for result in made if result.record_id]


def _either_way(ids: Sequence[int]) -> itertools.cycle[list[int]]:
    return itertools.cycle([list(ids), list(reversed(ids))])


def test_records_write_needs_a_transaction(workspace: Workspace) -> None:
    with pytest.raises(TransactionManagementError):
        records_write(Contact, workspace=workspace, creates=[], updates=[], origin=VENDOR)


@pytest.mark.parametrize("model", [Contact, Lead])
def test_updates_in_opposite_orders_wait_for_each_other(
    workspace: Workspace, model: type[Record]
) -> None:
    orders, numbers = _either_way(_made(model, workspace)), itertools.count()

    def work() -> None:
        ids, title = next(orders), f"Title {next(numbers)}"
        updates = [(pk, {"title": title}) for pk in ids]
        with transaction.atomic():
            records_write(model, workspace=workspace, creates=[], updates=updates, origin=VENDOR)

    results = at_once(work)

    assert raised(results) == []
    stored: Any = model._default_manager
    assert stored.values("title").distinct().count() == 1


def test_activities_of_the_same_people_in_opposite_orders_wait_for_each_other(
    workspace: Workspace,
) -> None:
    orders = _either_way(_made(Contact, workspace))

    def work() -> None:
        rows = [
            {"kind": "call", "subject": "Call", "occurred_at": "2026-05-01T10:00Z", "contact": pk}
            for pk in next(orders)
        ]
        with transaction.atomic():
            records_write(Activity, workspace=workspace, creates=rows, updates=[], origin=VENDOR)

    results = at_once(work)

    assert raised(results) == []
    assert Activity.objects.count() == 4 * ROWS
