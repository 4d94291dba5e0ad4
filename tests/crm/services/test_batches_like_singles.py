"""Whatever the values: a batch leaves what one service call for each row leaves, at fixed cost."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.forms.models import model_to_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.choices import FieldKind, OriginKind
from crm.models import (
    Account,
    Change,
    ConsentEntry,
    Contact,
    CustomField,
    OwnedRecord,
    User,
    Workspace,
)
from crm.services.accounts import account_archive, account_create
from crm.services.batches import BatchResult, records_write
from crm.services.contacts import contact_create
from crm.services.entities import services_of
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from tests.factories import user_make, workspace_make
from tests.queries import queries_of

pytestmark = pytest.mark.django_db

Values = dict[str, Any]
WRITTEN_ALONG = {"phone_raw": "phone", "mobile_raw": "mobile", "domain": "website"}
AT = datetime.datetime(2026, 5, 1, 8, 30, tzinfo=datetime.UTC)
LONG = "x" * 600

TEXT = st.sampled_from(["", "  ", "Ada", " Ada ", "Łódź 漢\x00", LONG, None, 7])
PHONE = st.sampled_from(["", "+14155552671", "(415) 555-2671", "n/a", "9" * 60, "9" * 150, None])
OWN = st.dictionaries(
    st.sampled_from(["size", "kind", "unknown"]),
    st.sampled_from([None, "", 3, "3", "big", True, "no number"]),
    max_size=2,
)
TAGS = st.sampled_from([[], ["a", "a", " b"], None, "a", ["x" * 90], [3]])
MOMENT = st.sampled_from([None, "", AT, AT.isoformat(), "2026-05-01T08:30:00", "soon", 12])
# Names of links stand for ids that the test knows.
PEOPLE = st.sampled_from(["member", "stranger", None, "", 0, "nobody", 10**30])
ACCOUNTS = st.sampled_from(["account", "archived", "foreign", None, "", 0, "none", 10**30])

CONTACT = st.fixed_dictionaries(
    {},
    optional={
        "first_name": TEXT,
        "last_name": TEXT,
        "email": st.sampled_from(["ada@x.test", " ADA@X.test", "bad", "", None, "é@x.test"]),
        "other_emails": st.sampled_from([[], ["b@x.test"], ["bad"], None, "b@x.test"]),
        "phone": PHONE,
        "mobile": PHONE,
        "title": TEXT,
        "linkedin_url": st.sampled_from(["", "https://linkedin.com/in/a", "bad", None]),
        "lifecycle": st.sampled_from(["lead", "customer", "", "wrong", None]),
        "score_tier": st.sampled_from(["hot", "", "wrong", None]),
        "engagement_score": st.sampled_from([0, 100, 101, -1, "5", "x", None, float("inf")]),
        "email_opt_in": st.sampled_from([True, False, None, "", "maybe"]),
        "last_contacted_at": MOMENT,
        "tags": TAGS,
        "custom": st.one_of(OWN, st.sampled_from([None, "text"])),
        "account": ACCOUNTS,
        "owner_id": PEOPLE,
        "unknown": st.just(1),
    },
)
ACCOUNT = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "domain": st.sampled_from(["https://www.Acme.test/x", "acme.test", "", None, LONG]),
        "website": st.sampled_from(["https://Acme.test/shop", "bad", "http://" + LONG, "", None]),
        "phone": PHONE,
        "mrr": st.sampled_from(["10.50", Decimal("10.5"), "x", "1.23456", None, 10**20, {}]),
        "currency": st.sampled_from(["usd", "", "dollars", None]),
        "health_score": st.sampled_from([0, 100, 101, None, "7"]),
        "churn_risk": st.sampled_from(["low", "wrong"]),
        "next_billing_at": MOMENT,
        "tags": TAGS,
        "custom": OWN,
        "owner": PEOPLE,
        "csm_id": PEOPLE,
    },
)
COUNT = 3
ROWS: dict[type[OwnedRecord], st.SearchStrategy[Values]] = {Contact: CONTACT, Account: ACCOUNT}


@dataclass(frozen=True)
class Scene:
    """A workspace with some records, and what the names of links stand for."""

    workspace: Workspace
    links: dict[str, int]
    present: dict[type[OwnedRecord], list[int]]

    def values(self, row: Values) -> Values:
        return {
            name: self.links.get(value, value) if isinstance(value, str) else value
            for name, value in row.items()
        }


@pytest.fixture
def scene(workspace: Workspace, salesperson: User) -> Scene:
    for name in ("contact", "account"):
        CustomField.objects.create(
            workspace=workspace, record_type=name, key="size", label="Size", kind=FieldKind.NUMBER
        )
        CustomField.objects.create(
            workspace=workspace,
            record_type=name,
            key="kind",
            label="Kind",
            kind=FieldKind.CHOICE,
            choices=["big", "small"],
            is_required=True,
        )
    machine = Origin(OriginKind.COMMAND, "scene")
    accounts = [
        account_create(workspace=where, values={"name": name, "custom": own}, origin=machine)
        for where, name, own in (
            (workspace, "Acme", {"kind": "big", "size": 3}),
            (workspace, "Gone", {}),
            (workspace, "Third", {}),
            (workspace_make(), "Foreign", {}),
        )
    ]
    account_archive(accounts[1], origin=machine)
    contacts = [
        contact_create(workspace=workspace, values=values, origin=machine)
        for values in (
            {"email": "ada@x.test", "phone": "(415) 555-2671", "tags": ["a"]},
            {"last_name": "Ada", "email_opt_in": True, "custom": {"size": 3, "kind": "big"}},
            {"mobile": "n/a", "account": accounts[0]},
        )
    ]
    # One that came without a name long ago, with values that no service would take today.
    Contact.objects.filter(pk=contacts[2].pk).update(mobile="", email="", title=" old ")
    links = {
        "account": accounts[0].pk,
        "archived": accounts[1].pk,
        "foreign": accounts[3].pk,
        "member": salesperson.pk,
        "stranger": user_make().pk,
    }
    present: dict[type[OwnedRecord], list[int]] = {
        Contact: [contact.pk for contact in contacts],
        Account: [account.pk for account in accounts[:COUNT]],
    }
    return Scene(workspace, links, present)


class TakenBack(Exception):
    """Ends a trial, so that the other one starts from the same state."""


Errors = dict[str, list[str]]
Trial = Callable[[], list[Errors]]


def outcome(model: type[OwnedRecord], trial: Trial) -> dict[str, Any]:
    """What a trial told and left; then it never happened."""
    left: dict[str, Any] = {}
    start = Change.objects.order_by("-id").values_list("id", flat=True).first() or 0
    try:
        with transaction.atomic():
            left["errors"] = [{name: sorted(said) for name, said in one.items()} for one in trial()]
            left |= _stored(model, after=start)
            raise TakenBack
    except TakenBack:
        return left


def _stored(model: type[OwnedRecord], *, after: int) -> dict[str, Any]:
    rows = list(model._default_manager.order_by("pk"))
    places = {row.pk: place for place, row in enumerate(rows)}
    fields = [field.name for field in model._meta.concrete_fields if field.name != "id"]
    changes = Change.objects.filter(pk__gt=after).order_by("record_id", "id")
    consents = ConsentEntry.objects.order_by("contact_id", "id")
    return {
        "records": [
            {**model_to_dict(row, fields), "version": row.version, "archived": row.archived_at}
            for row in rows
        ],
        "changes": [
            (places[one.record_id], one.action, one.diff, one.origin_kind, one.reason)
            for one in changes
        ],
        "consents": [
            (places[one.contact_id], one.opted_in, one.source, one.detail) for one in consents
        ]
        if model is Contact
        else [],
    }


def _errors_of(write: Callable[[], object], row: Values) -> Errors:
    """What one service call was refused for, by the names given."""
    try:
        with transaction.atomic():
            write()
    except InvalidRecord as error:
        named: Errors = {}
        for name, said in error.errors.items():
            known = (name, f"{name}_id", WRITTEN_ALONG.get(name, name))
            given = next((one for one in known if one in row), name)
            named[given] = [*named.get(given, []), *said]
        return named
    return {}


def singles(
    scene: Scene,
    model: type[OwnedRecord],
    origin: Origin,
    creates: Sequence[Values],
    updates: Sequence[tuple[int, Values]],
) -> list[Errors]:
    services = services_of(model)
    told = [
        _errors_of(
            lambda row=row: services.create(workspace=scene.workspace, values=row, origin=origin),  # type: ignore[misc]
            row,
        )
        for row in creates
    ]
    for pk, row in updates:
        record = model._default_manager.get(pk=pk)
        told.append(
            _errors_of(
                lambda record=record, row=row: services.update(record, values=row, origin=origin),  # type: ignore[misc]
                row,
            )
        )
    return told


def batch(
    scene: Scene,
    model: type[OwnedRecord],
    origin: Origin,
    creates: Sequence[Values],
    updates: Sequence[tuple[int, Values]],
) -> list[Errors]:
    made, changed = records_write(
        model, workspace=scene.workspace, creates=creates, updates=updates, origin=origin
    )
    _show_what_is_stored(model, creates, made)
    return [dict(result.errors) for result in (*made, *changed)]


def _show_what_is_stored(
    model: type[OwnedRecord], rows: Sequence[Values], results: Sequence[BatchResult]
) -> None:
    for row, result in zip(rows, results, strict=True):
        if result.record_id is not None:
            assert set(result.stored) == set(row)
            record = model._default_manager.get(pk=result.record_id)
            assert all(
                result.stored[name] == getattr(record, name)
                for name in ("phone", "tags")
                if name in row
            )


@pytest.mark.parametrize("model", [Contact, Account])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_batch_leaves_what_single_calls_leave(
    scene: Scene, salesperson: User, model: type[OwnedRecord], data: st.DataObject
) -> None:
    rows = st.lists(ROWS[model], max_size=4)
    creates = [scene.values(row) for row in data.draw(rows)]
    places = st.integers(0, COUNT - 1)
    drawn = data.draw(st.lists(st.tuples(places, ROWS[model]), max_size=4))
    updates = [(scene.present[model][place], scene.values(row)) for place, row in drawn]
    origin = data.draw(
        st.sampled_from(
            [Origin(OriginKind.CONNECTION, "7"), Origin(OriginKind.USER, "1", salesperson)]
        )
    )

    one_by_one = outcome(model, lambda: singles(scene, model, origin, creates, updates))
    together = outcome(model, lambda: batch(scene, model, origin, creates, updates))

    assert together == one_by_one


def _people(scene: Scene, count: int) -> list[Values]:
    return [
        {
            "email": f"p{number}@x.test",
            "phone": f"+1415555{number:04}",
            "account_id": scene.links["account"],
            "owner_id": scene.links["member"],
            "email_opt_in": True,
            "custom": {"size": number},
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [2, 100])
def test_a_batch_costs_the_same_for_any_number_of_rows(scene: Scene, count: int) -> None:
    vendor = Origin(OriginKind.CONNECTION, "7")
    rows = _people(scene, count)
    ids: list[int] = []

    def write(creates: list[Values], updates: list[tuple[int, Values]]) -> None:
        made, _ = records_write(
            Contact, workspace=scene.workspace, creates=creates, updates=updates, origin=vendor
        )
        ids.extend(result.record_id for result in made if result.record_id)

    # Definitions, accounts, people and members; links and ids of the records, ids of the ledger,
    # the consent log, and savepoints.
    assert queries_of(lambda: write(rows, [])) == 15
    # As before, with one lock and one UPDATE.
    changed = [
        (pk, {**row, "email_opt_in": False, "title": "Countess"})
        for pk, row in zip(ids, rows, strict=True)
    ]
    assert queries_of(lambda: write([], changed)) == 11
    # What changes nothing costs the reading.
    assert queries_of(lambda: write([], changed)) == 7
