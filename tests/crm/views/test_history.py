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
        ("account", [None, 10**9], FieldChange("Account", "—", "#1000000000")),
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


def test_key_words_keep_the_rest_as_it_is() -> None:
    assert key_words("MRR") == "MRR"
    assert key_words("due_at") == "Due at"
