"""A workspace's own fields as targets: guessed, chosen, converted by their kind, merged by key."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.choices import FieldKind
from crm.models import Change, Contact, CustomField, Workspace
from crm.services.contacts import contact_create
from crm.services.origin import Origin
from imports.choices import DuplicateStrategy, ImportStatus
from imports.custom import custom_cell
from imports.errors import BadValue
from imports.services import import_start
from imports.tasks import work
from tests import factories
from tests.imports.conftest import MakeJob, causes, counted, fresh
from tests.imports.test_views import mapping_form, text, url

pytestmark = pytest.mark.django_db
HEADER = "First name,Email,Shirt size,Seats,Company,Tier"


@pytest.fixture
def own_fields(workspace: Workspace) -> None:
    for record_type, key, label, kind, choices in (
        ("contact", "shirt_size", "Shirt size", FieldKind.CHOICE, ["S", "M"]),
        ("contact", "seats", "Seats", FieldKind.NUMBER, []),
        ("contact", "joined", "Joined", FieldKind.DATE, []),
        ("account", "tier", "Tier", FieldKind.TEXT, []),
    ):
        CustomField.objects.create(
            workspace=workspace,
            record_type=record_type,
            key=key,
            label=label,
            kind=kind,
            choices=choices,
        )


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (FieldKind.TEXT, "any text", "any text"),
        (FieldKind.NUMBER, "1,234.50", 1234.5),
        (FieldKind.NUMBER, "1 234", 1234),
        (FieldKind.NUMBER, "1.234,5", 1234.5),
        (FieldKind.NUMBER, "12,5", 12.5),
        (FieldKind.BOOLEAN, "Ja", True),
        (FieldKind.BOOLEAN, "off", False),
        (FieldKind.DATE, "31/01/2026", "2026-01-31"),
        (FieldKind.DATE, "2026-01-31", "2026-01-31"),
        (FieldKind.CHOICE, "m", "M"),
    ],
)
def test_a_cell_becomes_a_value_of_its_kind(kind: FieldKind, cell: str, value: Any) -> None:
    definition = CustomField(key="one", label="One", kind=kind, choices=["S", "M"])

    found = custom_cell(cell, definition=definition, order="", time_zone="Pacific/Auckland")

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        (FieldKind.NUMBER, "many", "One must be a number."),
        (FieldKind.BOOLEAN, "perhaps", "One must be yes or no."),
        (FieldKind.DATE, "soon", "One must be a date."),
        (FieldKind.DATE, "03/04/2026", "day first or month first"),
        (FieldKind.CHOICE, "XL", "One must be one of: S, M."),
        (FieldKind.TEXT, "x" * 2001, "at most 2000"),
    ],
)
def test_a_cell_of_another_kind_is_refused(kind: FieldKind, cell: str, said: str) -> None:
    definition = CustomField(key="one", label="One", kind=kind, choices=["S", "M"])

    with pytest.raises(BadValue, match=said):
        custom_cell(cell, definition=definition, order="", time_zone="UTC")


def test_columns_with_their_labels_are_guessed_and_imported(
    own_fields: None, imported: MakeJob
) -> None:
    job = imported("Ada,ada@x.com,m,3,Acme,gold", "Bob,bob@x.com,XL,,Acme,", header=HEADER)

    ada, bob = Contact.objects.order_by("first_name")
    assert (ada.custom, bob.custom) == ({"shirt_size": "M", "seats": 3}, {})
    assert ada.account is not None
    assert ada.account.custom == {"tier": "gold"}
    assert causes(job) == {"invalid_custom": 1}
    diff = Change.objects.get(record_type="contact", record_id=ada.pk).diff
    assert diff["custom.shirt_size"] == [None, "M"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (DuplicateStrategy.UPDATE, {"shirt_size": "M", "seats": 4, "joined": "2026-01-01"}),
        (DuplicateStrategy.MERGE, {"shirt_size": "S", "seats": 4, "joined": "2026-01-01"}),
    ],
)
@pytest.mark.parametrize("chunk", [1, 1000])
def test_values_are_laid_over_those_that_are_there(
    own_fields: None,
    workspace: Workspace,
    origin: Origin,
    imported: MakeJob,
    settings: Any,
    *,
    strategy: DuplicateStrategy,
    expected: dict[str, Any],
    chunk: int,
) -> None:
    settings.IMPORT_CHUNK_ROWS = chunk
    values = {"email": "ada@x.com", "custom": {"shirt_size": "S", "joined": "2026-01-01"}}
    contact_create(workspace=workspace, values=values, origin=origin)
    rows = ("Ada,ada@x.com,,4,,", "Ada,ada@x.com,M,,,", "Ada,ada@x.com,m,4,,")

    job = imported(*rows, header=HEADER, strategy=strategy)

    assert Contact.objects.get().custom == expected
    assert counted(job) == job.plan["counts"]
    assert imported(*rows, header=HEADER, strategy=strategy).unchanged == 3


def test_they_are_chosen_on_the_map_page_and_named_in_the_review(
    own_fields: None, manager_client: Client, upload: MakeJob
) -> None:
    job = upload("Ada,ada@x.com,S,31/01/2026", header="First name,Email,Tee,Since")
    page = text(manager_client.get(url("import_map", job)))
    assert '<option value="custom.shirt_size">Shirt size</option>' in page
    assert '<option value="account.custom.tier">Tier</option>' in page

    form = mapping_form(job, field_2="custom.shirt_size", field_3="custom.joined")
    manager_client.post(url("import_map", job), form)

    assert fresh(job).status == ImportStatus.READY
    review = text(manager_client.get(url("import_review", job)))
    assert "Shirt size “S”" in review
    assert "Joined “2026-01-31”" in review


def test_fields_of_another_workspace_are_not_offered(
    manager_client: Client, upload: MakeJob
) -> None:
    other = factories.workspace_make()
    CustomField.objects.create(
        workspace=other, record_type="contact", key="theirs", label="Theirs", kind="text"
    )
    job = upload("Ada,ada@x.com,1", header="First name,Email,Theirs")
    assert [entry["field"] for entry in job.mapping] == ["first_name", "email", ""]

    response = manager_client.post(
        url("import_map", job), mapping_form(job, field_2="custom.theirs")
    )

    assert "Select a valid choice" in text(response)


def test_a_field_that_is_gone_since_the_check_stops_the_run(
    own_fields: None, checked: MakeJob
) -> None:
    job = checked("Ada,ada@x.com,m,3,Acme,gold", header=HEADER)
    CustomField.objects.filter(key="seats").delete()

    import_start(job)
    work(job.pk)

    job.refresh_from_db()
    assert job.status == ImportStatus.FAILED
    assert "mapped to is gone" in job.error
    assert not Contact.objects.exists()
