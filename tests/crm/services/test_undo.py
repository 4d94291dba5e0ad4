"""Undo gives back what was, where it still is as written, and reports the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.choices import OriginKind
from crm.models import (
    Account,
    Change,
    Contact,
    CustomField,
    Deal,
    Lead,
    Property,
    Record,
    Task,
    Ticket,
    User,
    Workspace,
)
from crm.services.accounts import account_archive, account_create, account_update
from crm.services.activities import note_add
from crm.services.bulk import records_create, records_update
from crm.services.contacts import contact_create, contact_update
from crm.services.entities import services_of
from crm.services.origin import Origin, by_rule
from crm.services.records import record_update
from crm.services.undo import Kept, undo_by_origin, undo_plan
from tests.factories import workspace_make

IMPORT = Origin(OriginKind.IMPORT, "12")
OTHER = Origin(OriginKind.IMPORT, "13")


@pytest.fixture
def undoer(manager: User) -> Origin:
    return Origin(OriginKind.USER, str(manager.pk), manager, "undo of import 12")


def undo(workspace: Workspace, undoer: Origin) -> Any:
    return undo_by_origin(workspace, OriginKind.IMPORT, "12", undoer)


def test_undo_archives_what_was_created(workspace: Workspace, undoer: Origin) -> None:
    rows = [{"name": f"Company {number}"} for number in range(3)]
    records_create(Account, workspace=workspace, rows=rows, origin=IMPORT)
    other = account_create(workspace=workspace, values={"name": "Theirs"}, origin=OTHER)

    report = undo(workspace, undoer)

    assert (report.restored, report.archived, report.kept) == (0, 3, [])
    assert list(Account.objects.filter(archived_at=None)) == [other]
    change = Change.objects.filter(action="deleted").latest("id")
    assert (change.actor, change.reason) == (undoer.actor, "undo of import 12")


def test_undo_restores_old_values_of_every_kind(
    workspace: Workspace, account: Account, manager: User, undoer: Origin
) -> None:
    CustomField.objects.create(workspace=workspace, record_type="contact", key="size", label="S")
    before = {
        "first_name": "Ann",
        "tags": ["a"],
        "account": account,
        "custom": {"size": "S"},
        "last_contacted_at": "2026-01-01T00:00:00Z",
        "owner": manager,
    }
    contact = contact_create(workspace=workspace, values=before, origin=OTHER)
    after = {
        "first_name": "Bea",
        "tags": ["b", "c"],
        "account": None,
        "custom": {"size": "L"},
        "last_contacted_at": None,
        "owner": None,
        "title": "New",
    }
    contact_update(contact, values=after, origin=IMPORT)

    report = undo(workspace, undoer)

    fresh = Contact.objects.get()
    assert (report.restored, report.archived, report.kept) == (1, 0, [])
    assert (fresh.first_name, fresh.tags, fresh.account) == ("Ann", ["a"], account)
    assert (fresh.custom, fresh.owner, fresh.title) == ({"size": "S"}, manager, "")
    assert fresh.last_contacted_at == contact.last_contacted_at


def test_undo_leaves_and_reports_what_changed_since(
    account: Account, workspace: Workspace, undoer: Origin, origin: Origin
) -> None:
    account_update(account, values={"city": "Bonn", "industry": "Steel"}, origin=IMPORT)
    account_update(account, values={"city": "Köln"}, origin=origin)

    report = undo(workspace, undoer)

    fresh = Account.objects.get()
    assert (fresh.city, fresh.industry) == ("Köln", "")
    assert report.kept == [Kept("account", account.pk, "city")]
    assert report.restored == 1


def test_undo_of_two_writes_with_a_persons_between_keeps_the_persons(
    account: Account, workspace: Workspace, undoer: Origin, origin: Origin
) -> None:
    account_update(account, values={"city": "Bonn"}, origin=IMPORT)
    account_update(account, values={"city": "Köln"}, origin=origin)
    account_update(account, values={"city": "Ulm"}, origin=IMPORT)

    report = undo(workspace, undoer)

    assert Account.objects.get().city == "Köln"
    assert report.kept == [Kept("account", account.pk, "city")]


def test_undo_keeps_a_created_record_that_a_person_worked_on(
    workspace: Workspace, undoer: Origin, origin: Origin
) -> None:
    touched = account_create(workspace=workspace, values={"name": "Touched"}, origin=IMPORT)
    moved = account_create(workspace=workspace, values={"name": "Moved"}, origin=IMPORT)
    account_update(touched, values={"city": "Bonn"}, origin=origin)
    record_update(moved, values={"health_score": 75}, origin=by_rule("invoice_paid", "paid"))

    report = undo(workspace, undoer)

    assert report.kept == [Kept("account", touched.pk, "record")]
    assert list(Account.objects.filter(archived_at=None)) == [touched]


def test_undo_opts_nobody_in_again(workspace: Workspace, undoer: Origin) -> None:
    said_yes = {"email_opt_in": True, "title": "CEO", "last_name": "Byron"}
    contact = contact_create(workspace=workspace, values=said_yes, origin=OTHER)
    contact_update(contact, values={"email_opt_in": False, "title": "CTO"}, origin=IMPORT)

    report = undo(workspace, undoer)

    contact.refresh_from_db()
    assert (contact.email_opt_in, contact.title) == (False, "CEO")
    assert report.kept == [Kept("contact", contact.pk, "email_opt_in")]
    assert [line.opted_in for line in contact.consent_log.order_by("pk")] == [True, False]


@pytest.mark.parametrize(("before", "told"), [(False, [False, True, False]), (None, [True])])
def test_undo_takes_back_a_yes_and_says_so_in_the_consent_log(
    workspace: Workspace, undoer: Origin, before: bool | None, told: list[bool]
) -> None:
    said = {"email_opt_in": before, "last_name": "Byron"}
    contact = contact_create(workspace=workspace, values=said, origin=OTHER)
    contact_update(contact, values={"email_opt_in": True}, origin=IMPORT)

    report = undo(workspace, undoer)

    contact.refresh_from_db()
    assert (contact.email_opt_in, report.kept) == (before, [])
    lines = list(contact.consent_log.order_by("pk"))
    assert [line.opted_in for line in lines] == told
    assert before is None or lines[-1].detail == "undo of import 12"


def test_undo_twice_does_nothing_more(
    account: Account, workspace: Workspace, undoer: Origin
) -> None:
    account_update(account, values={"city": "Bonn"}, origin=IMPORT)
    account_update(account, values={"city": "Ulm"}, origin=IMPORT)
    account_create(workspace=workspace, values={"name": "New"}, origin=IMPORT)
    undo(workspace, undoer)
    changes = Change.objects.count()

    report = undo(workspace, undoer)

    assert (report.restored, report.archived, report.kept) == (0, 0, [])
    assert Change.objects.count() == changes
    assert undo_plan(workspace, OriginKind.IMPORT, "12").is_empty


def test_undo_does_not_bring_back_an_owner_who_left(
    account: Account, workspace: Workspace, manager: User, undoer: Origin
) -> None:
    account_update(account, values={"csm": None, "city": "Bonn"}, origin=IMPORT)
    workspace.memberships.filter(user=manager).delete()

    report = undo(workspace, undoer)

    fresh = Account.objects.get()
    assert (fresh.csm, fresh.city) == (None, "")
    assert report.kept == [Kept("account", account.pk, "csm")]


def test_undo_brings_an_archived_record_back(
    account: Account, workspace: Workspace, undoer: Origin
) -> None:
    account_archive(account, origin=IMPORT)

    undo(workspace, undoer)

    assert Account.objects.get().archived_at is None


def test_undo_stays_in_its_workspace(account: Account, undoer: Origin) -> None:
    account_update(account, values={"city": "Bonn"}, origin=IMPORT)

    report = undo(workspace_make(), undoer)

    assert report.restored == 0
    assert Account.objects.get().city == "Bonn"


def test_undo_plan_counts_without_writing(
    account: Account, workspace: Workspace, origin: Origin
) -> None:
    account_update(account, values={"city": "Bonn", "industry": "Steel"}, origin=IMPORT)
    account_update(account, values={"city": "Köln"}, origin=origin)
    account_create(workspace=workspace, values={"name": "New"}, origin=IMPORT)

    plan = undo_plan(workspace, OriginKind.IMPORT, "12")

    assert (plan.restored, plan.archived, plan.kept) == (
        {"account": 1},
        {"account": 1},
        {"account": 1},
    )
    assert Account.objects.get(pk=account.pk).industry == "Steel"


def test_undo_goes_over_many_batches(workspace: Workspace, undoer: Origin) -> None:
    rows = [{"name": f"Company {number}", "city": "Bonn"} for number in range(2500)]
    ids = records_create(Account, workspace=workspace, rows=rows, origin=OTHER)
    updates = [(pk, {"city": "Ulm"}) for pk in ids]
    records_update(Account, workspace=workspace, updates=updates, origin=IMPORT)

    report = undo(workspace, undoer)

    assert report.restored == 2500
    assert Account.objects.filter(city="Bonn").count() == 2500


def test_undo_goes_by_value(
    account: Account, workspace: Workspace, undoer: Origin, origin: Origin
) -> None:
    """What a person set back is done; what they set to the imported value again is undone."""
    account_update(account, values={"city": "Bonn", "industry": "Steel"}, origin=IMPORT)
    account_update(account, values={"city": "", "industry": "Wood"}, origin=origin)
    account_update(account, values={"industry": "Steel"}, origin=origin)

    report = undo(workspace, undoer)

    fresh = Account.objects.get()
    assert (fresh.city, fresh.industry) == ("", "")
    assert report.kept == []


WRITES = st.lists(st.tuples(st.booleans(), st.sampled_from(["city", "industry"])), max_size=8)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(writes=WRITES)
def test_undo_leaves_the_values_of_others(
    workspace: Workspace, undoer: Origin, origin: Origin, writes: list[tuple[bool, str]]
) -> None:
    """Whatever the order of writes, each field ends with what others wrote into it last."""
    account = account_create(workspace=workspace, values={"name": "Any"}, origin=OTHER)
    theirs = {"city": "", "industry": ""}
    for number, (is_import, name) in enumerate(writes):
        values = {name: f"Value {number}"}
        account_update(account, values=values, origin=IMPORT if is_import else origin)
        theirs |= {} if is_import else values

    undo(workspace, undoer)

    fresh = Account.objects.get(pk=account.pk)
    assert {"city": fresh.city, "industry": fresh.industry} == theirs


def test_undo_leaves_a_created_record_that_a_person_has_worked_with(
    workspace: Workspace, undoer: Origin, origin: Origin
) -> None:
    noted = contact_create(workspace=workspace, values={"first_name": "Ann"}, origin=IMPORT)
    note_add(noted, body="Called, wants an offer.", origin=origin)
    employer = account_create(workspace=workspace, values={"name": "Acme"}, origin=IMPORT)
    by_hand = {"first_name": "Bob", "account": employer}
    contact_create(workspace=workspace, values=by_hand, origin=origin)
    idle = contact_create(workspace=workspace, values={"first_name": "Cy"}, origin=IMPORT)

    report = undo(workspace, undoer)

    assert report.archived == 1
    assert {(kept.record_type, kept.record_id) for kept in report.kept} == {
        ("contact", noted.pk),
        ("account", employer.pk),
    }
    assert Contact.objects.get(pk=idle.pk).is_archived


def test_undo_archives_a_company_whose_people_came_with_it(
    workspace: Workspace, undoer: Origin
) -> None:
    employer = account_create(workspace=workspace, values={"name": "Acme"}, origin=IMPORT)
    values = {"first_name": "Ann", "account": employer}
    contact_create(workspace=workspace, values=values, origin=IMPORT)

    assert undo(workspace, undoer).archived == 2


@pytest.mark.parametrize(
    ("model", "link", "values"),
    [
        (Ticket, "account", {"subject": "Broken"}),
        (Deal, "account", {"name": "Roof"}),
        (Task, "account", {"title": "Call"}),
        (Contact, "account", {"last_name": "Bo"}),
        (Property, "owner_contact", {"title": "Villa", "price": 1}),
        (Lead, "converted_contact", {"last_name": "Bo"}),
    ],
)
def test_undo_leaves_what_any_record_of_a_person_names(
    workspace: Workspace,
    undoer: Origin,
    origin: Origin,
    model: type[Record],
    link: str,
    values: dict[str, Any],
) -> None:
    named: Any = model._meta.get_field(link).related_model
    row = {"name": "Acme"} if named is Account else {"last_name": "Ito"}
    (pk,) = records_create(named, workspace=workspace, rows=[row], origin=IMPORT)
    services_of(model).create(workspace=workspace, values={**values, link: pk}, origin=origin)

    report = undo(workspace, undoer)

    assert (report.archived, [kept.record_id for kept in report.kept]) == (0, [pk])
