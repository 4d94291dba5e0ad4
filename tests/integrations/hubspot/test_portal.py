"""Associations, owners, properties, pipelines, the account; on both versions."""

from __future__ import annotations

import pytest

from integrations.hub.errors import NotFound
from integrations.hubspot.client import Client, Link

pytestmark = pytest.mark.django_db


def pair(client: Client) -> tuple[str, str]:
    """A contact and a company."""
    contact = client.object_create("contacts", {"email": "ada@example.test"})
    company = client.object_create("companies", {"name": "Ada Ltd"})
    return contact.id, company.id


def test_default_link_has_both_directions(client: Client) -> None:
    contact, company = pair(client)

    client.link_default("contacts", contact, "companies", company)
    client.link_default("contacts", contact, "companies", company)

    there = client.links_list("contacts", contact, "companies")
    back = client.links_list("companies", company, "contacts")
    assert [(link.to_id, link.type_id) for link in there.links] == [(company, 279)]
    assert [(link.to_id, link.type_id) for link in back.links] == [(contact, 280)]
    listed = client.objects_list("contacts", associations=["companies"]).results
    assert listed[0].associations == {"companies": (company,)}


def test_labelled_link_is_the_primary_one(client: Client) -> None:
    contact, company = pair(client)

    labels = client.link_labelled("contacts", contact, "companies", company, [Link(company, 1)])

    assert labels == ("Primary",)
    types = {link.type_id for link in client.links_list("contacts", contact, "companies").links}
    assert types == {1, 279}


def test_link_is_removed(client: Client) -> None:
    contact, company = pair(client)
    client.link_default("contacts", contact, "companies", company)

    client.link_remove("contacts", contact, "companies", company)

    assert client.links_list("companies", company, "contacts").links == ()


def test_links_are_made_and_read_by_many(client: Client) -> None:
    contact, company = pair(client)
    other = client.object_create("contacts", {"email": "bo@example.test"}).id

    errors = client.links_create(
        "contacts",
        "companies",
        [(contact, Link(company, 279)), ("999999", Link(company, 279))],
    )
    read = client.links_read("contacts", "companies", [contact, other])
    client.links_archive("contacts", "companies", [(contact, company)])

    assert len(errors) == 1
    assert {key: [link.to_id for link in found] for key, found in read.links.items()} == {
        contact: [company]
    }
    assert client.links_list("contacts", contact, "companies").links == ()


def test_links_of_a_record_are_paged(plain_client: Client) -> None:
    company = plain_client.object_create("companies", {"name": "Ada Ltd"}).id
    contacts = [plain_client.object_create("contacts", {"phone": str(n)}).id for n in range(3)]
    for contact in contacts:
        plain_client.link_default("companies", company, "contacts", contact)

    first = plain_client.links_list("companies", company, "contacts", limit=2)
    second = plain_client.links_list("companies", company, "contacts", limit=2, after=first.after)

    assert [link.to_id for link in (*first.links, *second.links)] == contacts
    assert second.after == ""


def test_link_to_nothing_is_not_found(plain_client: Client) -> None:
    contact, _ = pair(plain_client)

    with pytest.raises(NotFound):
        plain_client.link_default("contacts", contact, "companies", "999999")


def test_labels_name_the_types(client: Client) -> None:
    found = client.link_labels("contacts", "companies")

    assert {(link.type_id, link.label) for link in found} == {(279, ""), (1, "Primary")}


def test_archived_record_loses_its_links(plain_client: Client) -> None:
    contact, company = pair(plain_client)
    plain_client.link_default("contacts", contact, "companies", company)

    plain_client.object_archive("companies", company)

    assert plain_client.links_list("contacts", contact, "companies").links == ()


def test_owners_are_people_and_queues(client: Client) -> None:
    owners = list(client.owners())
    left = list(client.owners(is_archived=True))
    (ada,) = client.owners(email="ada@hubspot.test")

    assert [owner.is_queue for owner in owners] == [False, False, False, False, True]
    assert [owner.first_name for owner in left] == ["Edsger"]
    assert (ada.first_name, ada.user_id) == ("Ada", 9001)


def test_properties_tell_options_and_what_may_be_written(client: Client) -> None:
    found = {held.name: held for held in client.properties("contacts")}

    assert ("customer", "Customer") in found["lifecyclestage"].options
    assert found["lastmodifieddate"].is_read_only
    assert found["nexa_reference"].is_unique
    assert not found["nexa_reference"].is_hubspot_defined


def test_pipelines_have_stages_with_text_metadata(client: Client) -> None:
    (pipeline,) = client.pipelines()

    assert pipeline.id == "default"
    assert [stage.id for stage in pipeline.stages if stage.is_closed] == ["closedwon", "closedlost"]
    assert pipeline.stages[1].probability == "0.4"


def test_account_names_the_portal(client: Client) -> None:
    account = client.account()

    assert account.id == "62515"
    assert account.details["timeZone"] == "Australia/Sydney"
