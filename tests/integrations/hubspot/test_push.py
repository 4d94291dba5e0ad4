"""Batches of writes: makes and changes, links, marks, refusals of one and of all, repeats."""

from __future__ import annotations

from collections import Counter

import pytest

from integrations.hub.errors import (
    Exists,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.streams import Write
from tests.integrations.hubspot.keeping import Portal, change, make, records_of

pytestmark = pytest.mark.django_db
UPDATE = "POST /crm/v3/objects/contacts/batch/update"
UPSERT = "POST /crm/v3/objects/contacts/batch/upsert"
CREATE = "POST /crm/v3/objects/contacts/batch/create"
LINK = "POST /crm/v4/associations/contacts/companies/batch/create"


def contact(portal: Portal, email: str, **values: str) -> str:
    return portal.client.object_create("contacts", {"email": email, **values}).id


def company(portal: Portal, name: str = "Ada Ltd") -> str:
    return portal.client.object_create("companies", {"name": name}).id


# --- Changes ------------------------------------------------------------------------------------


def test_hundred_changes_are_one_request(portal: Portal) -> None:
    portal.act("seed", kind="contacts", count="100")
    reads = portal.pulled("contacts")
    writes = [change(f"k{n}", one, firstname=f"New{n}") for n, one in enumerate(reads)]

    calls = portal.calls(lambda: records_of(portal.write("contacts", *writes)))

    assert dict(calls) == {UPDATE: 1}
    assert portal.value("contacts", reads[7].id, "firstname") == "New7"
    assert portal.value("contacts", reads[7].id, "nexa_rev") == "k7"


def test_answer_tells_what_the_record_holds_now(portal: Portal) -> None:
    ada = contact(portal, "ada@example.test", phone="7")
    read = portal.read("contacts", ada)[ada]

    (record,) = records_of(
        portal.write("contacts", change("k1", read, email="ADA2@Example.test", phone=""))
    )

    assert record.values["email"] == "ada2@example.test"
    assert record.values["nexa_rev"] == "k1"
    assert portal.value("contacts", ada, "phone") == ""


def test_changes_and_makes_go_together_in_any_order(portal: Portal) -> None:
    ada = contact(portal, "ada@example.test")
    read = portal.read("contacts", ada)[ada]

    told = portal.write(
        "contacts",
        make("k1", "here-1", email="bo@example.test"),
        change("k2", read, firstname="Ada"),
        make("k3", "here-3", email="cy@example.test"),
    )

    assert [one.key for one in told] == ["k1", "k2", "k3"]
    assert records_of(told)[1].id == ada


def test_bad_row_of_a_batch_keeps_no_other_back(portal: Portal) -> None:
    ids = [contact(portal, f"p{n}@example.test") for n in range(4)]
    reads = portal.read("contacts", *ids)
    gone = contact(portal, "gone@example.test")
    away = portal.read("contacts", gone)[gone]
    portal.act("delete", kind="contacts", id=gone)

    told = portal.write(
        "contacts",
        change("k0", reads[ids[0]], firstname="Ada"),
        change("k1", reads[ids[1]], hs_lead_status="nonsense"),
        change("k2", reads[ids[2]], email="p3@example.test"),
        change("k3", away, firstname="Gone"),
    )

    errors = [one.error for one in told]
    assert errors[0] is None
    assert isinstance(errors[1], Rejected)
    assert "nonsense" in str(errors[1])
    assert isinstance(errors[2], Exists)
    assert errors[2].external_id == ids[3]
    assert isinstance(errors[3], NotFound)


def test_batch_refused_as_a_whole_is_halved_until_the_bad_rows_stand_alone(portal: Portal) -> None:
    ids = [contact(portal, f"p{n}@example.test") for n in range(32)]
    reads = portal.read("contacts", *ids)
    portal.act("whole_batches", on="true")
    values = {3: {"hs_lead_status": "nonsense"}, 20: {"email": "p1@example.test"}}
    writes = [
        change(f"k{n}", reads[one], **values.get(n, {"firstname": "Ada"}))
        for n, one in enumerate(ids)
    ]
    errors: dict[int, object] = {}

    def work() -> None:
        told = portal.write("contacts", *writes)
        errors.update({n: one.error for n, one in enumerate(told) if one.error is not None})

    calls = portal.calls(work)

    assert set(errors) == {3, 20}
    assert isinstance(errors[3], Rejected)
    assert isinstance(errors[20], Exists)
    assert [portal.value("contacts", one, "firstname") for one in ids].count("Ada") == 30
    assert calls[UPDATE] <= 20


def test_stage_goes_back_by_way_of_nothing(portal: Portal) -> None:
    ada = contact(portal, "ada@example.test", lifecyclestage="customer")
    bo = contact(portal, "bo@example.test", lifecyclestage="lead")
    reads = portal.read("contacts", ada, bo)

    def work() -> None:
        told = portal.write(
            "contacts",
            change("k1", reads[ada], lifecyclestage="lead", firstname="Ada"),
            change("k2", reads[bo], lifecyclestage="customer"),
        )
        assert [one.values["lifecyclestage"] for one in records_of(told)] == ["lead", "customer"]

    calls = portal.calls(work)

    assert portal.value("contacts", ada, "lifecyclestage") == "lead"
    assert portal.value("contacts", ada, "firstname") == "Ada"
    assert calls[UPDATE] == 3


# --- Makes --------------------------------------------------------------------------------------


def test_repeated_make_makes_no_second_record(portal: Portal) -> None:
    writes = [make(f"k{n}", f"here-{n}", dealname=f"Deal {n}") for n in range(3)]

    first = records_of(portal.write("deals", *writes))
    again = records_of(portal.write("deals", *writes))

    assert [one.id for one in again] == [one.id for one in first]
    assert len(portal.sandbox.rows("hubspot", "deals")) == 3


def test_make_that_died_after_the_work_is_found_by_our_id(portal: Portal) -> None:
    portal.sandbox.misbehave("hubspot", "server_error_done", method="POST")
    write = make("k1", "here-1", dealname="Gold")

    with pytest.raises(RetryLater):
        portal.write("deals", write)
    (found,) = portal.find("deals", "nexa_id", "here-1")
    (again,) = records_of(portal.write("deals", write))

    assert again.id == found.id
    assert len(portal.sandbox.rows("hubspot", "deals")) == 1


def test_make_of_a_taken_address_names_who_has_it(portal: Portal) -> None:
    ada = contact(portal, "ada@example.test")

    (told,) = portal.write("contacts", make("k1", "here-1", email="ada@example.test"))

    assert isinstance(told.error, Exists)
    assert told.error.external_id == ada


def test_without_our_properties_an_address_still_makes_no_second(portal: Portal) -> None:
    portal.connection.settings["marked_kinds"] = []
    write = Write("k1", None, "here-1", {"email": "ada@example.test", "firstname": "Ada"})
    (made,) = records_of(portal.write("contacts", write))

    calls = portal.calls(lambda: None)
    (again,) = portal.write("contacts", write)

    assert calls == Counter()
    assert isinstance(again.error, Exists)
    assert again.error.external_id == made.id


def test_timed_records_are_made_with_a_time(portal: Portal) -> None:
    (task,) = records_of(portal.write("tasks", make("k1", "here-1", hs_task_subject="Ring")))

    assert portal.value("tasks", task.id, "hs_timestamp")


def test_words_of_ours_alone_go_out_as_the_nearest_there_is(portal: Portal) -> None:
    write = make(
        "k1", "h-1", hs_task_subject="Ring", hs_task_priority="URGENT", hs_task_type="CALL"
    )

    (task,) = records_of(portal.write("tasks", write))

    assert task.values["hs_task_priority"] == "HIGH"
    assert task.values["hs_task_type"] == "CALL"


# --- Links --------------------------------------------------------------------------------------


def test_make_is_linked_and_then_marked(portal: Portal) -> None:
    ada_ltd = company(portal)
    write = make("k1", "here-1", email="ada@example.test", at_companies=ada_ltd)

    def work() -> None:
        (record,) = records_of(portal.write("contacts", write))
        assert record.values["@companies"] == ada_ltd

    calls = portal.calls(work)
    (found,) = portal.find("contacts", "nexa_id", "here-1")

    assert dict(calls) == {UPSERT: 1, LINK: 1, UPDATE: 1}
    assert (found.values["@companies"], found.values["nexa_rev"]) == (ada_ltd, "k1")


def test_link_is_moved_repeated_and_taken_away(portal: Portal) -> None:
    ada, old, new = (
        contact(portal, "a@example.test"),
        company(portal, "Old"),
        company(portal, "New"),
    )

    def written(key: str, target: str) -> str:
        read = portal.read("contacts", ada)[ada]
        records_of(portal.write("contacts", change(key, read, at_companies=target)))
        records_of(portal.write("contacts", change(key, read, at_companies=target)))
        return portal.read("contacts", ada)[ada].values["@companies"]

    assert written("k1", old) == old
    assert written("k2", new) == new
    assert written("k3", "") == old  # the one that was primary before is still one of its companies
    assert written("k4", "") == ""


def test_link_without_a_primary_one_leaves_its_old_target(portal: Portal) -> None:
    first, second = contact(portal, "a@example.test"), contact(portal, "b@example.test")
    deal = portal.client.object_create("deals", {"dealname": "Gold"}).id
    portal.client.link_default("deals", deal, "contacts", first)
    read = portal.read("deals", deal)[deal]

    records_of(portal.write("deals", change("k1", read, at_contacts=second)))

    assert portal.read("deals", deal)[deal].values["@contacts"] == second


def test_link_to_nothing_is_the_rows_own_trouble_and_leaves_no_mark(portal: Portal) -> None:
    ids = [contact(portal, f"p{n}@example.test") for n in range(2)]
    reads = portal.read("contacts", *ids)
    there = company(portal)

    bad, good = portal.write(
        "contacts",
        change("k0", reads[ids[0]], firstname="Ada", at_companies="999999"),
        change("k1", reads[ids[1]], firstname="Bo", at_companies=there),
    )

    assert isinstance(bad.error, Rejected)
    assert "999999" in str(bad.error)
    assert portal.value("contacts", ids[0], "firstname") == "Ada"
    assert portal.value("contacts", ids[0], "nexa_rev") == ""
    assert good.error is None


def test_note_is_made_with_its_links(portal: Portal) -> None:
    ada, there = contact(portal, "a@example.test"), company(portal)
    deal = portal.client.object_create("deals", {"dealname": "Gold"}).id
    write = make(
        "k1", "h-1", hs_note_body="a < b\nc", at_contacts=ada, at_companies=there, at_deals=deal
    )

    (note,) = records_of(portal.write("notes", write))
    read = portal.read("notes", note.id)[note.id]

    assert portal.value("notes", note.id, "hs_note_body") == "a &lt; b<br>c"
    assert read.values["hs_note_body"] == "a < b\nc"
    assert [read.values[f"@{to}"] for to in ("contacts", "companies", "deals")] == [
        ada,
        there,
        deal,
    ]


# --- Trouble ------------------------------------------------------------------------------------


def test_refusal_of_all_is_raised_while_nothing_was_written(portal: Portal) -> None:
    portal.sandbox.misbehave("hubspot", "rate_limited", method="POST")

    with pytest.raises(RateLimited):
        portal.write("contacts", make("k1", "here-1", email="a@example.test"))


def test_refusal_half_way_tells_what_was_written_and_what_is_not_known(portal: Portal) -> None:
    ada, there = contact(portal, "a@example.test"), company(portal)
    read = portal.read("contacts", ada)[ada]
    portal.sandbox.misbehave("hubspot", "rate_limited", path=LINK.partition(" ")[2])

    changed, linked, plain = portal.write(
        "contacts",
        change("k1", read, firstname="Ada"),
        make("k2", "here-2", email="b@example.test", at_companies=there),
        make("k3", "here-3", email="c@example.test"),
    )

    assert changed.error is None
    assert isinstance(linked.error, OutcomeUnknown)
    assert plain.error is None
    assert portal.find("contacts", "nexa_id", "here-2")[0].values["nexa_rev"] == ""


def test_deleted_ones_are_archived_and_may_be_gone_already(portal: Portal) -> None:
    ada = contact(portal, "a@example.test")
    delete = portal.stream("contacts").delete
    assert delete is not None

    delete(portal.connection, [ada, "999999"])
    delete(portal.connection, [ada])

    assert portal.read("contacts", ada)[ada].is_deleted
