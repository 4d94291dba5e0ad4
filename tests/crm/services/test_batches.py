"""A batch leaves what one service call for each row leaves: records, ledger, consent, errors."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import connection

from crm.choices import FieldKind
from crm.models import (
    Account,
    Activity,
    Change,
    ConsentEntry,
    Contact,
    CustomField,
    Deal,
    Lead,
    Workspace,
)
from crm.services.accounts import account_archive, account_create
from crm.services.batches import BatchResult, records_write
from crm.services.contacts import contact_create
from crm.services.entities import services_of
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.signals import ChangeBatch, changed
from tests.factories import TEST_ORIGIN, user_make, workspace_make

pytestmark = pytest.mark.django_db

Values = dict[str, Any]


class _TakenBack(Exception):
    pass


@pytest.fixture
def told() -> Iterator[list[ChangeBatch]]:
    batches: list[ChangeBatch] = []

    def receiver(sender: object, batch: ChangeBatch, **kwargs: Any) -> None:
        batches.append(batch)

    changed.connect(receiver)
    yield batches
    changed.disconnect(receiver)


@pytest.fixture
def size(workspace: Workspace) -> CustomField:
    return CustomField.objects.create(
        workspace=workspace, record_type="contact", key="size", label="Size", kind=FieldKind.NUMBER
    )


def _create(
    workspace: Workspace, origin: Origin, rows: Sequence[Values], **more: Any
) -> list[BatchResult]:
    return records_write(
        Contact, workspace=workspace, creates=rows, updates=[], origin=origin, **more
    )[0]


def _update(
    workspace: Workspace, origin: Origin, *updates: tuple[int, Values], **more: Any
) -> list[BatchResult]:
    return records_write(
        Contact, workspace=workspace, creates=[], updates=updates, origin=origin, **more
    )[1]


def test_records_write_tells_what_the_record_shows(
    workspace: Workspace, account: Account, size: CustomField, vendor: Origin
) -> None:
    row = {
        "email": " Ada@Example.test",
        "phone": "(415) 555-2671",
        "account_id": account.pk,
        "custom": {"size": "3"},
        "last_contacted_at": datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC),
    }

    [result] = _create(workspace, vendor, [row])

    assert result.stored == {
        "email": "ada@example.test",
        "phone": "+14155552671",
        "account_id": account.pk,
        "custom": {"size": 3},
        "last_contacted_at": "2026-05-01T00:00:00+00:00",
    }
    contact = Contact.objects.get(pk=result.record_id)
    assert (contact.account, contact.phone_raw, contact.custom) == (
        account,
        "(415) 555-2671",
        {"size": 3},
    )


def test_records_write_refuses_a_bad_row_alone(workspace: Workspace, vendor: Origin) -> None:
    rows: list[Values] = [
        {"email": "ada@example.test"},
        {"email": "no address", "custom": {"nothing": 1}},
        {"email": "no address", "score_tier": "wrong"},
        {"title": "Nameless"},
        {"last_name": "Lovelace", "account_id": "x", "nonsense": 1},
    ]

    results = _create(workspace, vendor, rows)

    assert [sorted(result.errors) for result in results] == [
        [],
        ["custom.nothing"],
        ["email", "score_tier"],
        [NON_FIELD_ERRORS],
        ["account_id", "nonsense"],
    ]
    assert [result.record_id is None for result in results] == [False, True, True, True, True]
    assert Contact.objects.count() == Change.objects.filter(record_type="contact").count() == 1


def test_records_write_drops_bad_fields_when_asked(
    workspace: Workspace, size: CustomField, vendor: Origin
) -> None:
    row = {
        "last_name": "Lovelace",
        "email": "no address",
        "phone": "9" * 120,
        "custom": {"size": "big", "nothing": 1},
    }

    [made, nameless] = _create(
        workspace, vendor, [row, {"email": "no address"}], drop_bad_fields=True
    )

    assert set(made.errors) == {"email", "phone", "custom.size", "custom.nothing"}
    assert made.stored == {
        "last_name": "Lovelace",
        "email": "",
        "phone": "",
        "custom": {"size": None, "nothing": None},
    }
    assert nameless.record_id is None
    assert set(nameless.errors) == {"email", NON_FIELD_ERRORS}


def test_records_write_drops_bad_fields_of_an_update(workspace: Workspace, vendor: Origin) -> None:
    contact = contact_create(
        workspace=workspace, values={"email": "ada@example.test"}, origin=vendor
    )

    [result] = _update(
        workspace,
        vendor,
        (contact.pk, {"email": "broken", "title": "Countess"}),
        drop_bad_fields=True,
    )

    assert result.stored == {"email": "ada@example.test", "title": "Countess"}
    assert set(result.errors) == {"email"}
    contact.refresh_from_db()
    assert (contact.title, contact.version) == ("Countess", 2)


def test_records_write_leaves_no_trace_of_an_update_that_changes_nothing(
    workspace: Workspace, vendor: Origin, told: list[ChangeBatch]
) -> None:
    values = {"email": "ada@example.test", "phone": "+14155552671"}
    contact = contact_create(workspace=workspace, values=values, origin=vendor)
    told.clear()

    [result] = _update(
        workspace, vendor, (contact.pk, {"email": "ADA@example.test", "phone": "415 555 2671"})
    )

    assert (result.record_id, result.is_changed) == (contact.pk, False)
    assert result.stored == values
    contact.refresh_from_db()
    assert (contact.version, contact.phone_raw, told) == (1, "+14155552671", [])


def test_records_write_refuses_records_of_another_workspace(
    workspace: Workspace, vendor: Origin
) -> None:
    elsewhere = workspace_make()
    other = account_create(workspace=elsewhere, values={"name": "X"}, origin=TEST_ORIGIN)
    foreign = contact_create(workspace=elsewhere, values={"email": "x@x.test"}, origin=TEST_ORIGIN)
    stranger = user_make()
    rows: list[Values] = [
        {"last_name": "A", "account": other.pk},
        {"last_name": "B", "account": other},
        {"last_name": "C", "owner_id": stranger.pk},
        {"last_name": "D", "account_id": 10**30},
    ]

    results = _create(workspace, vendor, rows)
    [updated] = _update(workspace, vendor, (foreign.pk, {"title": "Taken"}))

    assert all(result.record_id is None for result in (*results, updated))
    assert results[0].errors == {"account": ["There is no such account in this workspace."]}
    assert results[2].errors == {"owner_id": [f"{stranger} is not a member of this workspace."]}
    foreign.refresh_from_db()
    assert foreign.title == ""


def test_records_write_lets_no_person_link_to_what_is_archived(
    workspace: Workspace, account: Account, origin: Origin, vendor: Origin
) -> None:
    account_archive(account, origin=origin)
    row = {"last_name": "Lovelace", "account_id": account.pk}

    [by_person] = _create(workspace, origin, [row])
    [by_machine] = _create(workspace, vendor, [row])

    assert set(by_person.errors) == {"account_id"}
    assert by_machine.record_id is not None


def test_records_write_asks_people_for_required_fields(
    workspace: Workspace, size: CustomField, origin: Origin, vendor: Origin
) -> None:
    CustomField.objects.update(is_required=True)

    [by_person] = _create(workspace, origin, [{"last_name": "Lovelace"}])
    [by_machine] = _create(workspace, vendor, [{"last_name": "Lovelace"}])

    assert set(by_person.errors) == {"custom.size"}
    assert by_machine.record_id is not None


def test_records_write_writes_one_record_twice_in_order(
    workspace: Workspace, vendor: Origin
) -> None:
    contact = contact_create(workspace=workspace, values={"last_name": "Byron"}, origin=vendor)

    results = _update(
        workspace,
        vendor,
        (contact.pk, {"last_name": "King"}),
        (contact.pk, {"last_name": "Lovelace"}),
    )

    diffs = Change.objects.filter(action="updated").order_by("id").values_list("diff", flat=True)
    assert [result.stored for result in results] == [
        {"last_name": "King"},
        {"last_name": "Lovelace"},
    ]
    assert list(diffs) == [
        {"last_name": ["Byron", "King"]},
        {"last_name": ["King", "Lovelace"]},
    ]


def test_records_write_sends_one_signal_for_the_set(
    workspace: Workspace, vendor: Origin, told: list[ChangeBatch]
) -> None:
    results = _create(workspace, vendor, [{"last_name": str(number)} for number in range(5)])

    [batch] = told
    assert list(batch.record_ids) == [result.record_id for result in results]


def test_records_write_logs_consent(workspace: Workspace, vendor: Origin) -> None:
    rows: list[Values] = [{"last_name": "A", "email_opt_in": answer} for answer in (True, None)]
    yes, unknown = _create(workspace, vendor, rows)
    assert yes.record_id
    assert unknown.record_id

    for answer in (False, False):
        updates = [(result.record_id, {"email_opt_in": answer}) for result in (yes, unknown)]
        _update(workspace, vendor, *updates)  # type: ignore[arg-type]

    entries = ConsentEntry.objects.order_by("id").values_list("contact_id", "opted_in", "source")
    assert list(entries) == [
        (yes.record_id, True, "connection"),
        (yes.record_id, False, "connection"),
        (unknown.record_id, False, "connection"),
    ]


def test_records_write_reads_an_accounts_domain(workspace: Workspace, vendor: Origin) -> None:
    rows = [
        {"name": "Acme", "website": "https://www.Acme.test/shop"},
        {"name": "Bad", "website": "not an address"},
        {"name": " "},
    ]

    good, bad, nameless = records_write(
        Account,
        workspace=workspace,
        creates=rows,
        updates=[],
        origin=vendor,
        drop_bad_fields=True,
    )[0]

    assert Account.objects.get(pk=good.record_id).domain == "acme.test"
    assert Account.objects.get(pk=bad.record_id).domain == ""
    assert set(bad.errors) == {"website"}
    assert (nameless.record_id, set(nameless.errors)) == (None, {"name"})


def test_records_write_stores_the_rest_of_what_the_database_refuses(
    workspace: Workspace, vendor: Origin
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE crm_contact ADD CONSTRAINT of_this_installation CHECK (title <> 'None')"
        )
    rows = [{"last_name": "A"}, {"last_name": "B", "title": "None"}, {"last_name": "C"}]

    first, second, third = _create(workspace, vendor, rows)
    assert first.record_id
    assert third.record_id
    updated = _update(
        workspace,
        vendor,
        (first.record_id, {"title": "None"}),
        (third.record_id, {"title": "Countess"}),
    )

    assert set(second.errors) == set(updated[0].errors) == {NON_FIELD_ERRORS}
    titles = Contact.objects.order_by("last_name").values_list("last_name", "title")
    assert list(titles) == [("A", ""), ("C", "Countess")]


def test_records_write_keeps_the_rules_of_deals(workspace: Workspace, vendor: Origin) -> None:
    rows: list[Values] = [
        {"name": "Good", "amount": Decimal("10.50")},
        {"name": "Bad", "amount": -1},
        {"name": "After"},
    ]

    results = records_write(Deal, workspace=workspace, creates=rows, updates=[], origin=vendor)[0]

    assert [set(result.errors) for result in results] == [set(), {"amount"}, set()]
    assert results[0].stored == {"name": "Good", "amount": "10.5"}
    assert all(deal.stage for deal in Deal.objects.select_related("stage"))


def test_records_write_updates_others_one_by_one(workspace: Workspace, vendor: Origin) -> None:
    made = records_write(
        Lead,
        workspace=workspace,
        creates=[{"last_name": "A"}, {"last_name": "B"}],
        updates=[],
        origin=vendor,
    )[0]
    updates: list[tuple[int, Values]] = [
        (made[1].record_id or 0, {"status": "lost"}),
        (made[0].record_id or 0, {"email": "a@example.test"}),
        (0, {"title": "Nobody"}),
        (made[0].record_id or 0, {"email": "a@example.test"}),
    ]

    results = records_write(Lead, workspace=workspace, creates=[], updates=updates, origin=vendor)[
        1
    ]

    assert [set(result.errors) for result in results] == [
        {"lost_reason"},
        set(),
        {NON_FIELD_ERRORS},
        set(),
    ]
    assert [result.is_changed for result in results] == [False, True, False, False]


def test_records_write_puts_activities_on_the_timeline(
    workspace: Workspace, vendor: Origin
) -> None:
    [contact] = _create(workspace, vendor, [{"last_name": "Lovelace"}])
    row = {
        "kind": "call",
        "subject": "About the engine",
        "occurred_at": "2026-05-01T10:00:00Z",
        "contact_id": contact.record_id,
        "source": "vendor:7",
        "external_id": "call-1",
    }

    first, again = (
        records_write(Activity, workspace=workspace, creates=[row], updates=[], origin=vendor)[0][0]
        for _ in range(2)
    )

    assert first.record_id == again.record_id
    assert (first.is_changed, again.is_changed) == (True, False)
    assert Activity.objects.count() == 1
    at = datetime.datetime(2026, 5, 1, 10, tzinfo=datetime.UTC)
    assert Contact.objects.get().last_contacted_at == at


def test_records_write_moves_last_contact_when_an_activity_gets_its_person(
    workspace: Workspace, vendor: Origin
) -> None:
    [contact] = _create(workspace, vendor, [{"last_name": "Lovelace"}])
    row = {"kind": "call", "subject": "Call", "occurred_at": "2026-05-01T10:00:00Z"}
    [made] = records_write(Activity, workspace=workspace, creates=[row], updates=[], origin=vendor)[
        0
    ]

    records_write(
        Activity,
        workspace=workspace,
        creates=[],
        updates=[(made.record_id or 0, {"contact_id": contact.record_id})],
        origin=vendor,
    )

    assert Contact.objects.get().last_contacted_at is not None


def test_activities_are_not_archived(workspace: Workspace, vendor: Origin) -> None:
    services = services_of(Activity)
    activity = services.create(
        workspace=workspace, values={"kind": "note", "subject": "Note"}, origin=vendor
    )

    with pytest.raises(InvalidRecord, match="stays"):
        services.archive(activity, origin=vendor)

    assert services.restore(activity, origin=vendor) == activity
