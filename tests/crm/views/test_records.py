"""A person writes, changes, archives and restores records; nothing is lost or overwritten."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from crm.choices import ChangeAction, FieldKind
from crm.models import Account, Change, Contact, CustomField, User
from crm.services.accounts import account_create
from crm.services.contacts import contact_update
from crm.services.origin import Origin
from tests.crm.views.conftest import Company

NEW = {
    "first_name": "Grace",
    "last_name": "Hopper",
    "email": "GRACE@navy.test",
    "lifecycle": "lead",
}


def edit(client: Client, contact: Contact, **changes: Any) -> Any:
    fields = {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "lifecycle": contact.lifecycle,
        "account": "Acme · acme.test",
        "version": contact.version,
    }
    return client.post(reverse("crm:contact_edit", args=[contact.pk]), {**fields, **changes})


def test_new_contact_is_written_with_its_origin(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    response = sales_client.post(
        reverse("crm:contact_create"), {**NEW, "account": "acme", "tags": "vip, vip ,navy"}
    )

    contact = Contact.objects.get(email="grace@navy.test")
    assert response["Location"] == reverse("crm:contact_detail", args=[contact.pk])
    assert (contact.account, contact.tags) == (company.account, ["vip", "navy"])
    change = Change.objects.get(record_type="contact", record_id=contact.pk)
    assert (change.action, change.actor) == (ChangeAction.CREATED, salesperson)


def test_refused_contact_keeps_what_was_typed(company: Company, sales_client: Client) -> None:
    response = sales_client.post(reverse("crm:contact_create"), {**NEW, "email": "not an address"})

    content = response.content.decode()
    assert response.status_code == 200
    assert 'aria-invalid="true"' in content
    assert "Hopper" in content
    assert "not an address" in content


def test_refusal_of_a_service_is_shown_on_the_field(company: Company, sales_client: Client) -> None:
    CustomField.objects.create(
        workspace=company.workspace,
        record_type="contact",
        key="size",
        label="Shirt size",
        kind=FieldKind.CHOICE,
        choices=["S", "M"],
        is_required=True,
    )

    refused = sales_client.post(reverse("crm:contact_create"), NEW)
    saved = sales_client.post(reverse("crm:contact_create"), {**NEW, "custom.size": "M"})

    assert "custom.size" in refused.context["form"].errors
    assert saved.status_code == 302
    assert Contact.objects.get(last_name="Hopper").custom == {"size": "M"}


def test_company_that_is_not_there_is_refused(company: Company, sales_client: Client) -> None:
    response = sales_client.post(reverse("crm:contact_create"), {**NEW, "account": "Nowhere"})

    assert "There is no company “Nowhere”" in response.content.decode()
    assert not Contact.objects.filter(last_name="Hopper").exists()


def test_company_name_of_two_asks_which(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    twin = account_create(workspace=company.workspace, values={"name": "Acme"}, origin=origin)
    url = reverse("crm:contact_create")

    asked = sales_client.post(url, {**NEW, "account": "acme"}).content.decode()
    sales_client.post(url, {**NEW, "account": f"Acme · #{twin.pk}"})

    assert "more than one company" in asked
    assert f"#{twin.pk}" in asked
    assert Contact.objects.get(last_name="Hopper").account == twin


def test_company_of_another_workspace_cannot_be_linked(
    company: Company, outsider: User, sales_client: Client, origin: Origin
) -> None:
    other = account_create(
        workspace=outsider.workspaces.get(), values={"name": "Foreign"}, origin=origin
    )

    for text in ("Foreign", f"#{other.pk}"):
        sales_client.post(reverse("crm:contact_create"), {**NEW, "account": text})

    assert not Contact.objects.filter(last_name="Hopper").exists()


def test_owner_must_be_a_member(company: Company, outsider: User, sales_client: Client) -> None:
    response = sales_client.post(reverse("crm:contact_create"), {**NEW, "owner": outsider.pk})

    assert "owner" in response.context["form"].errors


def test_form_offers_members_only(
    company: Company, outsider: User, salesperson: User, sales_client: Client
) -> None:
    content = sales_client.get(reverse("crm:contact_create")).content.decode()

    assert salesperson.email in content
    assert outsider.email not in content


def test_new_contact_of_a_company_has_it_filled_in(company: Company, sales_client: Client) -> None:
    response = sales_client.get(reverse("crm:contact_create"), {"account": company.account.pk})

    assert 'value="Acme · acme.test"' in response.content.decode()


def test_edit_saves_only_what_changed(company: Company, sales_client: Client) -> None:
    response = edit(sales_client, company.contact, last_name="Lovelace")

    assert response.status_code == 302
    change = Change.objects.filter(record_type="contact", action=ChangeAction.UPDATED).get()
    assert change.diff == {"last_name": ["Byron", "Lovelace"]}


def test_edit_that_comes_second_shows_both_versions(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    contact_update(company.contact, values={"title": "Countess"}, origin=origin)

    response = edit(sales_client, company.contact, last_name="Lovelace", title="Analyst")

    content = response.content.decode()
    assert response.status_code == 409
    assert "Countess" in content
    assert "Analyst" in content
    assert Contact.objects.get().last_name == "Byron"


def test_stale_page_lets_the_person_keep_their_version(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    contact_update(company.contact, values={"title": "Countess"}, origin=origin)
    page = edit(sales_client, company.contact, last_name="Lovelace", title="Analyst")

    kept = dict(page.context["kept"])
    sales_client.post(
        reverse("crm:contact_edit", args=[company.contact.pk]),
        {**kept, "version": page.context["version"]},
    )

    contact = Contact.objects.get()
    assert (contact.last_name, contact.title) == ("Lovelace", "Analyst")


def test_edit_keeps_an_owner_who_left(
    company: Company, colleague: User, admin_client: Client
) -> None:
    Contact.objects.update(owner=colleague)
    colleague.memberships.all().delete()

    edit(admin_client, company.contact, last_name="Lovelace", owner=colleague.pk)

    contact = Contact.objects.get()
    assert (contact.last_name, contact.owner) == ("Lovelace", colleague)


def test_archive_says_what_it_does_and_can_be_undone(
    company: Company, sales_client: Client
) -> None:
    url = reverse("crm:contact_archive", args=[company.contact.pk])

    assert "Nothing is erased" in sales_client.get(url).content.decode()
    after = sales_client.post(url, follow=True).content.decode()

    assert Contact.objects.get().is_archived
    restore = reverse("crm:contact_restore", args=[company.contact.pk])
    assert f'action="{restore}"' in after
    sales_client.post(restore)
    assert not Contact.objects.get().is_archived


def test_archived_record_is_shown_and_not_changed(company: Company, sales_client: Client) -> None:
    sales_client.post(reverse("crm:contact_archive", args=[company.contact.pk]))

    page = sales_client.get(reverse("crm:contact_detail", args=[company.contact.pk]))

    content = page.content.decode()
    assert "Archived" in content
    assert 'id="restore"' in content
    assert 'id="edit"' not in content
    assert edit(sales_client, company.contact, last_name="X").status_code == 404


def test_colleagues_archived_record_offers_no_way_back(
    company: Company, colleague: User, sales_client: Client
) -> None:
    sales_client.post(reverse("crm:contact_archive", args=[company.contact.pk]))
    Contact.objects.update(owner=colleague)

    page = sales_client.get(reverse("crm:contact_detail", args=[company.contact.pk]))

    assert 'id="restore"' not in page.content.decode()


def test_custom_fields_are_shown_in_words(company: Company, sales_client: Client) -> None:
    Contact.objects.update(custom={"shirt_size": "M", "vegan": True})

    content = sales_client.get(
        reverse("crm:contact_detail", args=[company.contact.pk])
    ).content.decode()

    assert "<dt>Shirt size</dt><dd>M</dd>" in content
    assert "<dt>Vegan</dt><dd>Yes</dd>" in content


def test_address_that_runs_code_is_no_link(company: Company, sales_client: Client) -> None:
    Contact.objects.update(linkedin_url="javascript:alert(1)")
    Account.objects.update(website="javascript:alert(1)")

    for name in ("contact", "account"):
        page = sales_client.get(reverse(f"crm:{name}_detail", args=[getattr(company, name).pk]))
        assert 'href="javascript:' not in page.content.decode()
