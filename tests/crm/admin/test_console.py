"""The operator console: every page opens, writes go through services, outsiders stay out."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from crm.models import Account, Change, Contact, CustomField, Pipeline, User, Workspace
from crm.services.accounts import account_create, account_update
from crm.services.contacts import contact_create
from crm.services.origin import Origin

pytestmark = pytest.mark.django_db

PAGES = sorted((model._meta.app_label, model._meta.model_name) for model in admin.site._registry)


@pytest.mark.parametrize(("app", "model"), PAGES)
def test_list_page_opens_with_search(operator_client: Client, app: str, model: str) -> None:
    page = operator_client.get(reverse(f"admin:{app}_{model}_changelist"), {"q": "a"})

    assert page.status_code == 200


def test_list_says_when_to_the_second_and_cuts_long_names(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    name = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
    contact = contact_create(workspace=workspace, values={"last_name": name}, origin=origin)

    page = operator_client.get(reverse("admin:crm_contact_changelist")).content.decode()

    assert f"{contact.updated_at:%Y-%m-%d %H:%M:%S}" in page
    assert name[:39] in page
    assert name not in page


def test_overview_opens(operator_client: Client) -> None:
    assert operator_client.get("/admin/").status_code == 200


def test_salesperson_is_turned_away(sales_client: Client) -> None:
    assert sales_client.get("/admin/").status_code in {302, 403}


def test_anonymous_is_sent_to_the_one_sign_in_page(client: Client) -> None:
    response = client.get("/admin/", follow=True)

    assert response.request["PATH_INFO"] == reverse("account_login")


def test_policy_exception_stays_in_the_console(
    operator_client: Client, sales_client: Client
) -> None:
    console = operator_client.get("/admin/")["Content-Security-Policy"]
    page = sales_client.get("/api/contacts/")["Content-Security-Policy"]

    assert "'unsafe-eval'" in console
    assert "unsafe" not in page


def account_form(account: Account, **changes: Any) -> dict[str, Any]:
    names = (
        *("name", "domain", "website", "industry", "phone", "street", "city", "region"),
        *("postal_code", "country"),
    )
    form = {name: getattr(account, name) for name in names}
    return {**form, "tags": "", "custom": "{}", "owner": "", "csm": "", **changes}


def test_change_is_written_through_the_services(
    operator_client: Client, operator: User, workspace: Workspace, origin: Origin
) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    page = reverse("admin:crm_account_change", args=[account.pk])

    response = operator_client.post(page, account_form(account, name="Acme Ltd"))

    assert response.status_code == 302
    change = Change.objects.filter(record_type="account", record_id=account.pk).latest("id")
    assert change.diff == {"name": ["Acme", "Acme Ltd"]}
    assert (change.actor, change.reason) == (operator, "console")


def test_edit_of_what_somebody_changed_meanwhile_is_refused_with_both_values(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    page = reverse("admin:crm_account_change", args=[account.pk])
    opened = operator_client.get(page).content.decode()
    account_update(account, values={"name": "Acme Inc"}, origin=origin)

    late = account_form(account, name="Acme Ltd", opened_version=account.version)
    refused = operator_client.post(page, late)

    said = refused.content.decode()
    assert f'name="opened_version" value="{account.version}"' in opened
    assert refused.status_code == 200
    assert f'<p class="oc-error">This was changed by {origin.actor}' in said
    assert "now “Acme Inc”, in this form “Acme Ltd”" in said
    assert 'value="Acme Ltd"' in said
    assert Account.objects.get(pk=account.pk).name == "Acme Inc"


def test_lists_and_custom_fields_changed_meanwhile_are_told_in_words(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    CustomField.objects.create(workspace=workspace, record_type="account", key="size", label="Size")
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    page = reverse("admin:crm_account_change", args=[account.pk])
    theirs = {"tags": ["vip", "north"], "custom": {"size": "großes Haus"}}
    account_update(account, values=theirs, origin=origin)

    late = account_form(account, tags="partner, south", opened_version=account.version)
    refused = operator_client.post(page, late)

    assert refused.status_code == 200
    said = unescape(refused.content.decode())
    assert "Tags: now “vip, north”, in this form “partner, south”." in said
    assert 'Custom: now “{"size": "großes Haus"}”, in this form “—”.' in said


def test_edit_refused_once_is_saved_when_sent_again(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    account = account_create(workspace=workspace, values={"name": "Acme"}, origin=origin)
    page = reverse("admin:crm_account_change", args=[account.pk])
    present = account_update(account, values={"name": "Acme Inc"}, origin=origin)
    late = account_form(account, name="Acme Ltd", opened_version=account.version)
    refused = operator_client.post(page, late).content.decode()

    again = {**late, "opened_version": present.version}
    response = operator_client.post(page, again)

    assert f'name="opened_version" value="{present.version}"' in refused
    assert response.status_code == 302
    assert Account.objects.get(pk=account.pk).name == "Acme Ltd"


def test_record_cannot_be_erased(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_create(workspace=workspace, values={"first_name": "Ada"}, origin=origin)

    response = operator_client.post(reverse("admin:crm_contact_delete", args=[contact.pk]))

    assert response.status_code == 403
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_archive_action_archives_with_a_ledger_row(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_create(workspace=workspace, values={"first_name": "Ada"}, origin=origin)
    page = reverse("admin:crm_contact_changelist")

    operator_client.post(page, {"action": "archive", "_selected_action": [contact.pk]})

    assert Contact.objects.get(pk=contact.pk).is_archived
    assert Change.objects.filter(record_id=contact.pk, action="deleted").exists()


def test_ledger_shows_the_difference_as_text(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact_create(workspace=workspace, values={"first_name": "<b>Ada</b>"}, origin=origin)
    change = Change.objects.get(record_type="contact")

    page = operator_client.get(reverse("admin:crm_change_change", args=[change.pk]))

    assert b"&lt;b&gt;Ada" in page.content
    assert b"<b>Ada" not in page.content


def test_last_owner_keeps_the_workspace(operator_client: Client, outsider: User) -> None:
    membership = outsider.memberships.get()
    page = reverse("admin:crm_membership_changelist")
    form = reverse("admin:crm_membership_change", args=[membership.pk])

    operator_client.post(page, {"action": "take_out", "_selected_action": [membership.pk]})
    refused = operator_client.post(form, {"role": "viewer"}, follow=True)

    assert outsider.memberships.get().role == "owner"
    assert "Nothing was saved" in refused.content.decode()


def test_new_workspace_has_an_owner_and_a_pipeline(operator_client: Client, operator: User) -> None:
    values = {"name": "New", "slug": "new", "currency": "USD", "default_country": "US"}

    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}

    operator_client.post(
        reverse("admin:crm_workspace_add"), {**values, **inline, "time_zone": "UTC"}
    )

    made = Workspace.objects.get(slug="new")
    assert made.memberships.get().user == operator
    assert Pipeline.objects.filter(workspace=made, is_default=True).exists()


def test_workspace_is_not_erased(operator_client: Client, workspace: Workspace) -> None:
    page = reverse("admin:crm_workspace_delete", args=[workspace.pk])

    assert operator_client.post(page, {"post": "yes"}).status_code == 403


def test_page_of_a_signed_in_person_is_kept_by_no_shared_cache(sales_client: Client) -> None:
    page = sales_client.get("/contacts/")

    assert "private" in page["Cache-Control"]


def test_ledger_leads_to_its_record(
    operator_client: Client, workspace: Workspace, origin: Origin
) -> None:
    contact = contact_create(workspace=workspace, values={"first_name": "Ada"}, origin=origin)

    page = operator_client.get(reverse("admin:crm_change_changelist")).content.decode()

    address = reverse("admin:crm_contact_change", args=[contact.pk])
    assert f'<a href="{address}">contact {contact.pk}</a>' in page
    assert "first_name" in page
