"""The timeline of a record: activities, with the imports that wrote it among them by time."""

from __future__ import annotations

import datetime

import pytest
from django.test import RequestFactory

from crm.choices import ActivityKind, ChangeAction, OriginKind
from crm.models import Activity, Change, User
from crm.selectors.timeline import timeline
from crm.views.timeline_imports import ImportEntry, WithImports, import_entries
from tests.crm.views.conftest import Company

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


def at(hour: int) -> datetime.datetime:
    return NOON + datetime.timedelta(hours=hour)


@pytest.mark.parametrize("imports", [(), (0,), (20,), (3, 9), (1, 2, 3, 4, 5, 6, 7), (19, 18, 0)])
@pytest.mark.parametrize("size", [1, 2, 4, 50])
def test_pages_hold_every_line_once_and_in_order(
    company: Company, imports: tuple[int, ...], size: int
) -> None:
    for hour in range(2, 20, 2):
        Activity.objects.create(
            workspace=company.workspace,
            contact=company.contact,
            kind=ActivityKind.NOTE,
            subject="Note",
            occurred_at=at(hour),
        )
    rows = timeline(company.contact)
    entries = [
        ImportEntry("Imported", at(hour) + datetime.timedelta(minutes=1), None, "")
        for hour in sorted(imports, reverse=True)
    ]
    merged = WithImports(rows, entries)

    shown = [one for start in range(0, len(merged), size) for one in merged[start : start + size]]

    assert len(shown) == len(merged) == rows.count() + len(imports)
    expected = sorted([*rows, *entries], key=lambda one: one.occurred_at, reverse=True)
    assert [one.occurred_at for one in shown] == [one.occurred_at for one in expected]


def test_an_import_is_told_with_its_file_and_person(
    rf: RequestFactory, company: Company, salesperson: User
) -> None:
    change = Change(
        action=ChangeAction.UPDATED,
        origin_kind=OriginKind.IMPORT,
        origin_id="7",
        reason="people.csv",
        actor=salesperson,
        at=NOON,
    )

    (entry,) = import_entries(rf.get("/"), [change])

    assert (entry.subject, entry.actor) == ("Updated from people.csv", salesperson)
    assert entry.path == ""  # nobody is signed in who might look at the import
