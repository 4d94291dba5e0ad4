"""Records through the client: written, read, listed, in batches, merged; on both versions."""

from __future__ import annotations

import pytest

from integrations.hub.errors import NotFound
from integrations.hubspot.client import (
    BatchInput,
    Client,
    ExistsAlready,
    Link,
    Refused,
)
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db


def test_contact_lives_changes_and_is_archived(client: Client) -> None:
    made = client.object_create("contacts", {"email": "Ada@Example.test", "firstname": "Ada"})
    changed = client.object_patch("contacts", made.id, {"firstname": "Ada L", "phone": "1"})
    cleared = client.object_patch("contacts", made.id, {"phone": None})
    client.object_archive("contacts", made.id)
    gone = client.object_get("contacts", made.id, is_archived=True)

    assert made.properties["email"] == "ada@example.test"
    assert all(isinstance(value, str) for value in made.properties.values())
    assert (changed.properties["firstname"], changed.properties["phone"]) == ("Ada L", "1")
    assert not cleared.properties.get("phone")
    assert gone.is_archived
    assert gone.archived_at
    with pytest.raises(NotFound):
        client.object_get("contacts", made.id)


def test_contact_is_found_by_email_with_a_plus(client: Client) -> None:
    made = client.object_create("contacts", {"email": "ada+crm@example.test"})

    found = client.object_get(
        "contacts", "ada+crm@example.test", id_property="email", properties=["email", "phone"]
    )

    assert found.id == made.id
    assert found.properties["phone"] is None


def test_second_contact_with_an_email_names_the_first(client: Client) -> None:
    made = client.object_create("contacts", {"email": "ada@example.test"})

    with pytest.raises(ExistsAlready) as raised:
        client.object_create("contacts", {"email": "ADA@example.test"})

    assert raised.value.existing_id == made.id


def test_wrong_values_are_refused_in_the_vendors_words(client: Client) -> None:
    with pytest.raises(Refused, match=r"nonsense was not one of the allowed options") as raised:
        client.object_create("contacts", {"lifecyclestage": "nonsense", "email": "no address"})

    assert raised.value.category == "VALIDATION_ERROR"
    assert set(raised.value.fields) == {"lifecyclestage", "email"}


def test_list_pages_through_everything(client: Client) -> None:
    inputs = [BatchInput({"email": f"p{n}@example.test"}) for n in range(5)]
    made = client.objects_create("contacts", inputs)

    first = client.objects_list("contacts", limit=2, properties=["email"])
    second = client.objects_list("contacts", limit=2, after=first.after)
    third = client.objects_list("contacts", limit=2, after=second.after)

    listed = [row.id for page in (first, second, third) for row in page.results]
    assert listed == [row.id for row in made.results]
    assert third.after == ""


def test_archived_records_are_listed_by_themselves(client: Client) -> None:
    kept = client.object_create("companies", {"name": "Kept"})
    gone = client.object_create("companies", {"name": "Gone"})
    client.objects_archive("companies", [gone.id])

    archived = client.objects_list("companies", is_archived=True)

    assert [row.id for row in archived.results] == [gone.id]
    assert [row.id for row in client.objects_list("companies").results] == [kept.id]


def test_batch_upsert_makes_and_changes_by_email(client: Client) -> None:
    there = client.object_create("contacts", {"email": "ada@example.test"})

    done = client.objects_upsert(
        "contacts",
        [
            BatchInput({"firstname": "Ada"}, id="ada@example.test", id_property="email"),
            BatchInput({"firstname": "Bo"}, id="bo@example.test", id_property="email", trace="r2"),
        ],
    )

    assert done.is_complete
    assert [(row.is_new, row.properties["firstname"]) for row in done.results] == [
        (False, "Ada"),
        (True, "Bo"),
    ]
    assert done.results[0].id == there.id
    assert done.results[1].trace == "r2"


def test_batch_tells_rows_that_failed_and_does_the_rest(client: Client) -> None:
    made = client.object_create("contacts", {"email": "ada@example.test"})

    done = client.objects_create(
        "contacts",
        [
            BatchInput({"email": "bo@example.test"}, trace="good"),
            BatchInput({"email": "ada@example.test"}, trace="double"),
            BatchInput({"hs_lead_status": "nonsense"}, trace="wrong"),
        ],
    )

    assert [row.trace for row in done.results] == ["good"]
    double, wrong = done.errors
    assert (double.traces, double.is_conflict, double.existing_id) == (("double",), True, made.id)
    assert (wrong.traces, wrong.category) == (("wrong",), "VALIDATION_ERROR")


def test_batch_update_changes_by_id_and_names_the_missing(client: Client) -> None:
    made = client.object_create("deals", {"dealname": "Old"})

    done = client.objects_update(
        "deals", [BatchInput({"dealname": "New"}, id=made.id), BatchInput({}, id="999999")]
    )

    assert [row.properties["dealname"] for row in done.results] == ["New"]
    assert [error.ids for error in done.errors] == [("999999",)]


def test_batch_read_names_the_missing(client: Client) -> None:
    made = client.object_create("contacts", {"email": "ada@example.test", "phone": "7"})

    by_id = client.objects_read("contacts", [made.id, "999999"], properties=["phone"])
    by_email = client.objects_read("contacts", ["ada@example.test"], id_property="email")

    assert [row.properties["phone"] for row in by_id.results] == ["7"]
    assert by_id.errors[0].is_missing
    assert by_id.errors[0].ids == ("999999",)
    assert [row.id for row in by_email.results] == [made.id]


def test_batch_size_is_checked_before_the_call(plain_client: Client) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        plain_client.objects_read("contacts", [])
    with pytest.raises(ValueError, match="1 to 100"):
        plain_client.objects_archive("contacts", [str(n) for n in range(101)])


def test_merge_keeps_the_primary_and_answers_for_both(client: Client) -> None:
    primary = client.object_create("contacts", {"email": "ada@example.test"})
    other = client.object_create("contacts", {"email": "old@example.test", "phone": "7"})

    merged = client.objects_merge("contacts", primary.id, other.id)

    assert merged.id == primary.id
    assert merged.properties["phone"] == "7"
    assert merged.properties["email"] == "ada@example.test"
    assert client.object_get("contacts", other.id).id == primary.id


def test_merge_may_make_a_new_id(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.act("hubspot", "merges_make_new_ids", on="true")
    primary = client.object_create("contacts", {"email": "ada@example.test"})
    other = client.object_create("contacts", {"email": "old@example.test"})

    merged = client.objects_merge("contacts", primary.id, other.id)

    assert merged.id not in (primary.id, other.id)
    assert client.object_get("contacts", primary.id).id == merged.id
    assert client.object_get("contacts", "ada@example.test", id_property="email").id == merged.id


def test_lifecycle_stage_moves_back_only_when_emptied(client: Client) -> None:
    made = client.object_create("contacts", {"lifecyclestage": "customer"})

    kept = client.object_patch("contacts", made.id, {"lifecyclestage": "lead"})
    client.object_patch("contacts", made.id, {"lifecyclestage": ""})
    moved = client.object_patch("contacts", made.id, {"lifecyclestage": "lead"})

    assert kept.properties["lifecyclestage"] == "customer"
    assert moved.properties["lifecyclestage"] == "lead"


def test_deal_probability_follows_its_stage(client: Client) -> None:
    made = client.object_create(
        "deals",
        {"dealname": "Gold", "pipeline": "default", "dealstage": "closedwon", "amount": "12.5"},
    )

    assert made.properties["hs_is_closed_won"] == "true"
    assert made.properties["hs_deal_stage_probability"] == "1.0"


def test_note_is_made_with_its_contact(client: Client) -> None:
    ada = client.object_create("contacts", {"email": "ada@example.test"})

    note = client.object_create(
        "notes",
        {"hs_note_body": "Called", "hs_timestamp": "1795248000000"},
        links=[Link(ada.id, 202)],
    )

    read = client.object_get("notes", note.id, associations=["contacts"])
    assert read.associations == {"contacts": (ada.id,)}


def test_erased_contact_is_gone_for_good(client: Client) -> None:
    client.object_create("contacts", {"email": "ada@example.test"})

    client.contact_erase("ada@example.test", id_property="email")

    assert client.objects_list("contacts").results == ()
    assert client.objects_list("contacts", is_archived=True).results == ()
