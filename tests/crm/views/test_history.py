"""Ledger rows in words: fields, links, choices, times and who acted."""

from __future__ import annotations

import pytest

from crm.choices import ChangeAction, OriginKind
from crm.models import Change, User
from crm.views.history import FieldChange, history_rows, key_words, who_of
from tests.crm.views.conftest import Company


def change(company: Company, **diff: list[object]) -> Change:
    return Change(
        workspace=company.workspace,
        record_type="contact",
        record_id=company.contact.pk,
        action=ChangeAction.UPDATED,
        diff=diff,
        origin_kind=OriginKind.USER,
    )


@pytest.mark.parametrize(
    ("name", "pair", "words"),
    [
        ("title", ["", "Countess"], FieldChange("Job title", "—", "Countess")),
        ("lifecycle", ["lead", "customer"], FieldChange("Lifecycle", "Lead", "Customer")),
        ("email_opt_in", [None, False], FieldChange("E-mail opt-in", "—", "No")),
        ("tags", [["a"], ["a", "b"]], FieldChange("Tags", "a", "a, b")),
        ("account", [None, 10**9], FieldChange("Company", "—", "#1000000000")),
        ("custom.shirt_size", ["S", "M"], FieldChange("Shirt size", "S", "M")),
        (
            "last_contacted_at",
            [None, "2026-01-02T10:00:00+00:00"],
            FieldChange("Last contacted at", "—", "Jan. 2, 2026, 10 a.m."),
        ),
        ("gone_field", [1, 2], FieldChange("Gone field", "1", "2")),
    ],
)
def test_field_change_is_in_words(
    company: Company, name: str, pair: list[object], words: FieldChange
) -> None:
    (row,) = history_rows(company.contact, [change(company, **{name: pair})])

    assert row.changes == [words]


def test_link_is_named(company: Company) -> None:
    pair = [None, company.account.pk]

    (row,) = history_rows(company.contact, [change(company, account=pair)])

    assert row.changes[0].new == "Acme"


def test_link_to_another_workspace_is_not_named(company: Company, outsider: User) -> None:
    company.account.workspace = outsider.workspaces.get()
    company.account.save()
    company.contact.refresh_from_db(fields=["account"])

    (row,) = history_rows(company.contact, [change(company, account=[None, company.account.pk])])

    assert row.changes[0].new == f"#{company.account.pk}"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (OriginKind.USER, "Somebody"),
        (OriginKind.API, "Somebody, through the API"),
        (OriginKind.IMPORT, "Import 7"),
        (OriginKind.CONNECTION, "A connected system"),
        (OriginKind.RULE, "Rule: 7"),
        (OriginKind.COMMAND, "A command"),
    ],
)
def test_origin_is_in_words(kind: OriginKind, words: str) -> None:
    assert who_of(Change(origin_kind=kind, origin_id="7")) == words


def test_command_with_a_name_says_it() -> None:
    named = Change(origin_kind=OriginKind.COMMAND, origin_id="demo_data")
    numbered = Change(
        origin_kind=OriginKind.COMMAND, origin_id="undo-7", actor=User(name="Uma Undoer")
    )

    assert who_of(named) == "Demo data"
    assert who_of(numbered) == "Uma Undoer"


def test_money_is_grouped(company: Company) -> None:
    row = change(company, mrr=["0", "4776.5"])

    (shown,) = history_rows(company.account, [row])

    assert shown.changes == [FieldChange("MRR", "0", "4,776.5")]


def test_key_words_keep_the_rest_as_it_is() -> None:
    assert key_words("MRR") == "MRR"
    assert key_words("due_at") == "Due at"


def test_fields_stand_in_the_order_of_the_record(company: Company) -> None:
    row = change(company, **{"custom.a": [1, 2], "tags": [[], ["a"]], "first_name": ["", "Ada"]})

    (shown,) = history_rows(company.contact, [row])

    labels = [one.label for one in shown.changes]
    assert set(labels) == {"First name", "Tags", "A"}
    assert labels[-1] == "A"
    fields = [str(field.verbose_name).capitalize() for field in company.contact._meta.fields]
    assert labels[:2] == [label for label in fields if label in labels]


def test_the_name_of_an_imported_file_is_left_as_it_is(company: Company) -> None:
    imported, other = change(company), change(company)
    imported.origin_kind, imported.reason = OriginKind.IMPORT, "people.csv"
    other.reason = "payment failed"

    shown = history_rows(company.contact, [imported, other])

    assert [row.reason for row in shown] == ["people.csv", "Payment failed"]
