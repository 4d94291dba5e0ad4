"""Who gets through which door: every address of the CRM against every role."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from crm.choices import Role
from crm.models import Change, User
from crm.services.contacts import contact_create
from crm.services.origin import Origin
from crm.urls import urlpatterns
from crm.views.record_kinds import ALL
from tests.crm.views.conftest import Company
from tests.factories import membership_make

RECORDS = [kind.name for kind in ALL]


@dataclass(frozen=True)
class Door:
    """An address, and what it needs: `is_write` is closed to viewers."""

    name: str
    record: str = ""
    is_write: bool = False
    is_post_only: bool = False
    record_type: str = ""

    def url(self, company: Company) -> str:
        args = [self.record_type] if self.record_type else []
        if self.name.startswith("line_item_") and self.name != "line_item_create":
            return reverse(f"crm:{self.name}", args=[company.deal.pk, company.line.pk])
        if self.name == "lookup":
            return reverse("crm:lookup", args=["account"])
        if self.record:
            args.append(getattr(company, self.record).pk)
        return reverse(f"crm:{self.name}", args=args)


OF_RECORDS = [
    door
    for name in RECORDS
    for door in (
        Door(f"{name}_list"),
        Door(f"{name}_create", is_write=True),
        Door(f"{name}_detail", name),
        Door(f"{name}_edit", name, is_write=True),
        Door(f"{name}_archive", name, is_write=True),
        Door(f"{name}_restore", name, is_write=True, is_post_only=True),
    )
]
NOTES = [
    Door(page, name, is_write=True, record_type=name)
    for name in ("contact", "account", "lead", "deal")
    for page in ("note_create", "call_create")
]
OTHERS = [
    Door("home"),
    Door("workspace_switch"),
    Door("lookup"),
    Door("deal_board"),
    Door("alert_resolve", "alert", is_write=True, is_post_only=True),
    Door("task_toggle", "task", is_write=True, is_post_only=True),
    Door("deal_move", "deal", is_write=True, is_post_only=True),
    Door("line_item_create", "deal", is_write=True),
    Door("line_item_edit", "deal", is_write=True),
    Door("line_item_delete", "deal", is_write=True, is_post_only=True),
    Door("lead_status", "lead", is_write=True),
    Door("lead_convert", "lead", is_write=True),
]
DOORS = [*OF_RECORDS, *NOTES, *OTHERS]


def knock(client: Client, door: Door, company: Company) -> HttpResponse:
    url = door.url(company)
    return client.post(url) if door.is_post_only else client.get(url)


def statuses(client: Client, company: Company, doors: list[Door] = DOORS) -> dict[str, int]:
    return {door.url(company): knock(client, door, company).status_code for door in doors}


def test_matrix_has_every_address() -> None:
    named = {getattr(pattern, "name", None) for pattern in urlpatterns}

    assert named - {"component_gallery"} == {door.name for door in DOORS}


def test_strangers_are_sent_to_sign_in(company: Company, client: Client) -> None:
    sign_in = reverse("account_login")

    for door in DOORS:
        response = knock(client, door, company)

        assert response.status_code == 302, door
        assert response["Location"].startswith(sign_in), door


def test_viewers_read_and_do_not_write(company: Company, viewer_client: Client) -> None:
    expected = {door.url(company): 403 if door.is_write else 200 for door in DOORS}

    assert statuses(viewer_client, company) == expected


def test_records_of_another_workspace_are_not_found(
    company: Company, outsider_client: Client
) -> None:
    expected = {door.url(company): 404 if door.record else 200 for door in DOORS}

    assert statuses(outsider_client, company) == expected


def test_operators_are_told_where_they_work(company: Company, operator_client: Client) -> None:
    console = reverse("admin:index")

    for door in DOORS:
        response = knock(operator_client, door, company)

        assert response.status_code == (200 if door.name == "home" else 403), door
        assert console in response.content.decode(), door


def test_members_do_not_write_a_colleagues_record(
    company: Company, colleague: User, sales_client: Client
) -> None:
    doors = [door for door in DOORS if door.is_write and door.record and door.record != "alert"]
    for name in RECORDS:
        type(getattr(company, name)).objects.update(owner=colleague)

    assert set(statuses(sales_client, company, doors).values()) == {403}


def test_manager_edits_what_a_member_owns(
    company: Company, salesperson: User, manager_client: Client
) -> None:
    type(company.contact).objects.update(owner=salesperson)

    assert knock(manager_client, Door("contact_edit", "contact"), company).status_code == 200


def test_assignee_ticks_a_task_of_another_owner(
    company: Company, colleague: User, salesperson: User, sales_client: Client
) -> None:
    type(company.task).objects.update(owner=colleague, assigned_to=salesperson)

    response = sales_client.post(reverse("crm:task_toggle", args=[company.task.pk]))

    assert response.status_code == 302


def test_writes_need_their_csrf_token(company: Company, salesperson: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(salesperson, backend="django.contrib.auth.backends.ModelBackend")
    before = Change.objects.count()

    answers = {client.post(door.url(company)).status_code for door in DOORS if door.is_write}

    assert answers == {403}
    assert Change.objects.count() == before


def test_buttons_are_hidden_from_who_may_not_use_them(
    company: Company, viewer_client: Client
) -> None:
    page = viewer_client.get(reverse("crm:contact_detail", args=[company.contact.pk]))

    content = page.content.decode()
    assert 'id="edit"' not in content
    assert 'id="add-note"' not in content
    assert 'id="tick-' not in content


def test_new_record_ignores_a_link_to_another_workspace(
    company: Company, outsider_client: Client
) -> None:
    response = outsider_client.get(reverse("crm:contact_create"), {"account": company.account.pk})

    assert "Acme" not in response.content.decode()


def test_suggestions_are_of_the_own_workspace(company: Company, outsider_client: Client) -> None:
    response = outsider_client.get(reverse("crm:lookup", args=["account"]), {"account": "acme"})

    assert b"Acme" not in response.content


def test_workspace_switch_goes_to_ones_own_only(
    company: Company, outsider: User, sales_client: Client, salesperson: User
) -> None:
    other = outsider.workspaces.get()
    url = reverse("crm:workspace_switch")

    assert sales_client.post(url, {"workspace": other.pk}).status_code == 404

    membership_make(other, role=Role.VIEWER, user=salesperson)
    assert sales_client.post(url, {"workspace": other.pk}).status_code == 302
    assert other.name in sales_client.get(reverse("crm:home")).content.decode()


def test_switched_workspace_shows_its_own_records_only(
    company: Company, outsider: User, salesperson: User, sales_client: Client, origin: Origin
) -> None:
    other = outsider.workspaces.get()
    membership_make(other, role=Role.MEMBER, user=salesperson)
    contact_create(workspace=other, values={"last_name": "Elsewhere"}, origin=origin)
    sales_client.post(reverse("crm:workspace_switch"), {"workspace": other.pk})

    content = sales_client.get(reverse("crm:contact_list")).content.decode()

    assert "Elsewhere" in content
    assert "Byron" not in content
