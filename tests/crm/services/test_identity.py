"""Nobody is kept whom nothing names, and nobody newly links to what is archived."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.choices import OriginKind
from crm.models import Account, Contact, Deal, Lead, Workspace
from crm.services.accounts import account_archive, account_create
from crm.services.contacts import contact_create, contact_update
from crm.services.deals import deal_create, deal_update
from crm.services.errors import InvalidRecord
from crm.services.identity import CONTACT_IDENTITY
from crm.services.leads import lead_create, lead_update
from crm.services.origin import Origin
from crm.services.tasks import task_create
from imports.mapping import IDENTITY

pytestmark = pytest.mark.django_db

MACHINE = Origin(OriginKind.CONNECTION, "7")


@pytest.fixture
def archived(workspace: Workspace, origin: Origin) -> Account:
    account = account_create(workspace=workspace, values={"name": "Old Ltd"}, origin=origin)
    return account_archive(account, origin=origin)


# --- Names ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [{}, {"title": "CEO"}, {"first_name": "  ", "email": ""}])
def test_contact_without_a_name_is_refused(
    workspace: Workspace, origin: Origin, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRecord, match=r"^Give at least a name"):
        contact_create(workspace=workspace, values=values, origin=origin)

    assert not Contact.objects.exists()


@pytest.mark.parametrize("name", ["last_name", "phone", "mobile"])
def test_contact_with_one_of_them_is_kept(workspace: Workspace, origin: Origin, name: str) -> None:
    assert contact_create(workspace=workspace, values={name: "5550100"}, origin=origin).pk


def test_contact_does_not_lose_all_its_names(workspace: Workspace, origin: Origin) -> None:
    contact = contact_create(workspace=workspace, values={"last_name": "Bo"}, origin=origin)

    with pytest.raises(InvalidRecord, match="Give at least"):
        contact_update(contact, values={"last_name": ""}, origin=origin)

    contact.refresh_from_db()
    assert contact.last_name == "Bo"


def test_nameless_contact_of_old_may_still_be_tagged(workspace: Workspace, origin: Origin) -> None:
    contact = Contact.objects.create(workspace=workspace)

    assert contact_update(contact, values={"tags": ["old"]}, origin=origin).tags == ["old"]


def test_lead_without_a_name_is_refused(workspace: Workspace, origin: Origin) -> None:
    with pytest.raises(InvalidRecord, match=r"^Give at least a name, a company"):
        lead_create(workspace=workspace, values={"source": "Fair"}, origin=origin)

    lead = lead_create(workspace=workspace, values={"company": "Acme"}, origin=origin)
    with pytest.raises(InvalidRecord):
        lead_update(lead, values={"company": ""}, origin=origin)
    assert Lead.objects.get().company == "Acme"


def test_import_asks_for_the_same_names() -> None:
    assert set(IDENTITY) == set(CONTACT_IDENTITY)


@pytest.mark.parametrize("path", ["contacts", "leads"])
def test_every_door_refuses_the_nameless(sales_client: Client, path: str) -> None:
    values = {"title": "CEO"}

    answer = sales_client.post(f"/api/{path}/", values, content_type="application/json")
    page = sales_client.post(f"/{path}/new/", {**values, "status": "new", "lifecycle": "lead"})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Give at least")
    assert "Give at least a name" in page.content.decode()


# --- Links to archived records --------------------------------------------------------------------
def test_new_link_to_an_archived_record_is_refused(
    workspace: Workspace, origin: Origin, archived: Account
) -> None:
    said = "Old Ltd is archived. Restore it first, or choose another."
    deal = deal_create(workspace=workspace, values={"name": "Roof"}, origin=origin)

    with pytest.raises(InvalidRecord) as created:
        deal_create(workspace=workspace, values={"name": "x", "account": archived}, origin=origin)
    with pytest.raises(InvalidRecord) as updated:
        deal_update(deal, values={"account": archived.pk}, origin=origin)

    assert created.value.errors == updated.value.errors == {"account": [said]}


def test_present_link_to_an_archived_record_stays(workspace: Workspace, origin: Origin) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    values = {"name": "Roof", "account": account}
    deal = deal_create(workspace=workspace, values=values, origin=origin)
    account_archive(account, origin=origin)

    deal = deal_update(deal, values={"name": "Wall", "account": account.pk}, origin=origin)

    assert (deal.name, Deal.objects.get().account) == ("Wall", account)


def test_machine_may_report_about_an_archived_record(
    workspace: Workspace, archived: Account
) -> None:
    values = {"title": "Payment failed", "account": archived}

    assert task_create(workspace=workspace, values=values, origin=MACHINE).account == archived


def test_api_refuses_a_link_to_an_archived_record(sales_client: Client, archived: Account) -> None:
    values = {"last_name": "x", "account": archived.pk}

    response = sales_client.post("/api/contacts/", values, content_type="application/json")

    assert response.status_code == 400
    assert "is archived" in response.json()["error"]["fields"]["account"][0]
