"""Records by id and by unique values: archived, merged, erased and linked ones."""

from __future__ import annotations

import pytest

from tests.integrations.hubspot.keeping import Portal, make, records_of

pytestmark = pytest.mark.django_db
READ = "POST /crm/v3/objects/contacts/batch/read"
LINKS = "POST /crm/v4/associations/contacts/companies/batch/read"


def contact(portal: Portal, email: str, **values: str) -> str:
    return portal.client.object_create("contacts", {"email": email, **values}).id


def test_read_is_one_request_and_one_for_the_links(portal: Portal) -> None:
    ids = [contact(portal, f"p{n}@example.test", firstname="Ada") for n in range(3)]
    company = portal.client.object_create("companies", {"name": "Ada Ltd"}).id
    portal.act("link", kind="contacts", id=ids[0], to="companies", other=company)

    found = portal.read("contacts", *ids)
    calls = portal.calls(lambda: portal.read("contacts", *ids))

    assert [one.values["firstname"] for one in found.values()] == ["Ada"] * 3
    assert [found[one].values["@companies"] for one in ids] == [company, "", ""]
    assert dict(calls) == {READ: 1, LINKS: 1}


def test_read_tells_archived_ones_and_leaves_out_what_never_was(portal: Portal) -> None:
    kept, gone = contact(portal, "a@example.test"), contact(portal, "b@example.test")
    portal.act("delete", kind="contacts", id=gone)

    found = portal.read("contacts", kept, gone, "999999")

    assert {key: one.is_deleted for key, one in found.items()} == {kept: False, gone: True}


def test_read_of_an_erased_one_finds_nothing(portal: Portal) -> None:
    erased = contact(portal, "a@example.test")
    portal.act("erase", kind="contacts", id=erased)

    assert portal.read("contacts", erased) == {}


@pytest.mark.parametrize("makes_new", ["true", "false"])
def test_read_of_a_merged_one_answers_with_what_it_became(portal: Portal, makes_new: str) -> None:
    primary, other = contact(portal, "a@example.test"), contact(portal, "b@example.test")
    portal.act("merges_make_new_ids", on=makes_new)
    portal.act("merge", kind="contacts", id=primary, other=other)

    (found,) = portal.read("contacts", other).values()

    assert other in found.former_ids
    assert (found.id == primary) is (makes_new == "false")
    assert not found.is_deleted


def test_the_primary_company_counts_else_the_oldest(portal: Portal) -> None:
    first, second = contact(portal, "a@example.test"), contact(portal, "b@example.test")
    companies = [portal.client.object_create("companies", {"name": str(n)}).id for n in range(3)]
    for company in reversed(companies):
        portal.client.link_default("contacts", first, "companies", company)
        portal.client.link_default("contacts", second, "companies", company)
    portal.act("link", kind="contacts", id=second, to="companies", other=companies[1])

    found = portal.read("contacts", first, second)

    assert found[first].values["@companies"] == companies[0]
    assert found[second].values["@companies"] == companies[1]


def test_links_of_a_record_with_very_many_are_read_to_the_end(portal: Portal) -> None:
    deal = portal.client.object_create("deals", {"dealname": "Gold"}).id
    portal.act("seed", kind="contacts", count="620")
    ids = sorted(int(one["id"]) for one in portal.sandbox.rows("hubspot", "contacts"))
    # The oldest comes last, on the second page.
    for number in reversed(ids):
        portal.act("link", kind="deals", id=deal, to="contacts", other=str(number))

    found = portal.read("deals", deal)

    assert found[deal].values["@contacts"] == str(ids[0])


def test_contacts_are_found_by_email_and_by_our_id(portal: Portal) -> None:
    ada = contact(portal, "ada+crm@example.test")
    (bo,) = records_of(portal.write("contacts", make("k1", "here-7", email="bo@example.test")))

    by_email = portal.find("contacts", "email", "ada+crm@example.test", "no@example.test")
    by_id = portal.find("contacts", "nexa_id", "here-7", "here-8")

    assert [one.id for one in by_email] == [ada]
    assert [(one.id, one.values["nexa_id"]) for one in by_id] == [(bo.id, "here-7")]
    assert portal.find("contacts", "email") == []


def test_companies_are_found_by_domain_also_two_of_one(portal: Portal) -> None:
    ids = {
        portal.client.object_create("companies", {"name": name, "domain": "ada.test"}).id
        for name in ("Ada", "Ada again")
    }

    found = portal.find("companies", "domain", "ada.test", "other.test")

    assert {one.id for one in found} == ids
    assert {one.values["domain"] for one in found} == {"ada.test"}
