"""Tasks, notes, calls, alerts and the first page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from crm.choices import ActivityKind, AlertStatus, TaskStatus
from crm.models import Activity, Alert, Deal, Task, User, Workspace
from crm.services.activities import note_add
from crm.services.deals import deal_move
from crm.services.origin import Origin
from crm.services.tasks import task_create
from crm.views.home import greeting
from tests.crm.views.conftest import Company

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def toggle(client: Client, task: Task, *, htmx: bool = False, **data: str) -> str:
    url = reverse("crm:task_toggle", args=[task.pk])
    headers = {"HX-Request": "true", "HX-Target": f"task-{task.pk}"} if htmx else {}
    return client.post(url, data, headers=headers, follow=True).content.decode()


def test_task_is_ticked_and_taken_back(company: Company, sales_client: Client) -> None:
    assert "Done: Call Ada" in toggle(sales_client, company.task)
    assert Task.objects.get().status == TaskStatus.DONE

    toggle(sales_client, company.task)
    assert Task.objects.get().status == TaskStatus.OPEN


def test_second_click_on_the_same_tick_changes_nothing(
    company: Company, sales_client: Client
) -> None:
    toggle(sales_client, company.task, to="done")
    toggle(sales_client, company.task, to="done")

    assert Task.objects.get().version == company.task.version + 1


def test_tick_in_place_answers_with_the_row(company: Company, sales_client: Client) -> None:
    content = toggle(sales_client, company.task, htmx=True, show_subject="1")

    assert content.lstrip().startswith("<li")
    assert f'id="tick-{company.task.pk}"' in content
    assert "Ada Byron" in content
    assert "<html" not in content


@pytest.mark.parametrize(
    ("due", "group"),
    [
        (datetime(2026, 3, 3, 23, 59, tzinfo=UTC), "overdue"),
        (datetime(2026, 3, 4, 1, tzinfo=UTC), "today"),
        (datetime(2026, 3, 4, 23, 59, tzinfo=UTC), "today"),
        (datetime(2026, 3, 5, tzinfo=UTC), "next"),
        (datetime(2026, 3, 12, tzinfo=UTC), "later"),
        (None, "undated"),
    ],
)
def test_task_is_in_its_group(
    workspace: Workspace,
    salesperson: User,
    sales_client: Client,
    origin: Origin,
    due: datetime | None,
    group: str,
) -> None:
    values = {"title": "T", "due_at": due, "assigned_to": salesperson}
    task_create(workspace=workspace, values=values, origin=origin)

    with time_machine.travel(NOW, tick=False):
        sales_client.force_login(salesperson, "django.contrib.auth.backends.ModelBackend")
        groups = sales_client.get(reverse("crm:task_list")).context["groups"]

    assert [(one.id, one.count) for one in groups] == [(group, 1)]


def test_days_are_those_of_the_person(
    workspace: Workspace, salesperson: User, sales_client: Client, origin: Origin
) -> None:
    User.objects.update(time_zone="Pacific/Auckland")
    # 23:00 UTC is noon of the next day in Auckland, which is today there.
    due = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    values = {"title": "T", "due_at": due, "assigned_to": salesperson}
    task_create(workspace=workspace, values=values, origin=origin)

    with time_machine.travel(NOW, tick=False):
        sales_client.force_login(salesperson, "django.contrib.auth.backends.ModelBackend")
        groups = sales_client.get(reverse("crm:task_list")).context["groups"]

    assert [one.id for one in groups] == ["today"]


def test_time_is_read_in_the_persons_zone(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    User.objects.update(time_zone="Asia/Kolkata")

    sales_client.post(
        reverse("crm:task_create"),
        {"title": "New", "kind": "todo", "priority": "normal", "due_at": "2030-01-01T12:00"},
    )

    assert Task.objects.get(title="New").due_at == datetime(2030, 1, 1, 6, 30, tzinfo=UTC)


def test_new_task_of_a_record_returns_to_it(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    form = sales_client.get(reverse("crm:task_create"), {"deal": company.deal.pk})
    response = sales_client.post(
        reverse("crm:task_create"),
        {
            "title": "Send quote",
            "kind": "todo",
            "priority": "high",
            "deal": "Big plan",
            "assigned_to": salesperson.pk,
        },
    )

    assert 'value="Big plan"' in form.content.decode()
    assert response["Location"] == reverse("crm:deal_detail", args=[company.deal.pk])
    assert Task.objects.get(title="Send quote").owner == salesperson


@pytest.mark.parametrize("name", ["contact", "account", "lead", "deal"])
def test_note_is_added_and_shown(company: Company, sales_client: Client, name: str) -> None:
    record = getattr(company, name)
    url = reverse("crm:note_create", kwargs={"record_type": name, "pk": record.pk})

    content = sales_client.post(
        url, {"body": "Likes <b>tea</b>\nCall after ten"}, follow=True
    ).content.decode()

    assert "Likes &lt;b&gt;tea&lt;/b&gt;" in content
    assert "<b>tea" not in content
    assert "Call after ten" in content


def test_empty_note_is_refused_in_words(company: Company, sales_client: Client) -> None:
    url = reverse("crm:note_create", args=["contact", company.contact.pk])

    assert "Write something to note." in sales_client.post(url, {"body": " "}).content.decode()
    assert not Activity.objects.filter(kind=ActivityKind.NOTE).exists()


def test_call_is_logged_with_its_time(company: Company, sales_client: Client) -> None:
    url = reverse("crm:call_create", args=["contact", company.contact.pk])

    sales_client.post(
        url, {"subject": "Renewal", "direction": "inbound", "occurred_at": "2026-01-02T10:00"}
    )

    call = Activity.objects.get(kind=ActivityKind.CALL)
    assert (call.subject, call.direction) == ("Renewal", "inbound")
    assert call.occurred_at == datetime(2026, 1, 2, 10, tzinfo=UTC)


def test_timeline_tab_shows_its_kind_only(
    company: Company, sales_client: Client, origin: Origin
) -> None:
    note_add(company.contact, body="A note here", origin=origin)
    url = reverse("crm:contact_detail", args=[company.contact.pk])

    assert "A note here" in sales_client.get(url, {"tab": "note"}).content.decode()
    assert "A note here" not in sales_client.get(url, {"tab": "call"}).content.decode()


def test_history_says_who_changed_what(
    company: Company, salesperson: User, sales_client: Client, origin: Origin
) -> None:
    proposal = company.deal.pipeline.stages.get(name="Proposal")
    deal_move(company.deal, proposal, origin=origin)

    content = sales_client.get(
        reverse("crm:deal_detail", args=[company.deal.pk]), {"tab": "history"}
    ).content.decode()

    assert salesperson.email in content
    assert '<del class="muted">New</del> → Proposal' in content


def test_alert_is_resolved(company: Company, sales_client: Client) -> None:
    content = sales_client.post(
        reverse("crm:alert_resolve", args=[company.alert.pk]), follow=True
    ).content.decode()

    assert Alert.objects.get().status == AlertStatus.RESOLVED
    assert "The alert is resolved" in content
    assert "Payment failed for Acme" not in content


def test_home_shows_what_is_mine(company: Company, salesperson: User, sales_client: Client) -> None:
    Deal.objects.update(owner=salesperson)
    Task.objects.update(assigned_to=salesperson)

    page = sales_client.get(reverse("crm:home"))

    content = page.content.decode()
    assert page.context["pipeline"].totals == [(100, "USD")]
    assert "1 open deal; bars" in content
    assert ": 100 percent of the value" in content
    assert "Call Ada" in content
    assert "Payment failed for Acme" in content
    assert "First steps" not in content


def test_new_workspace_shows_the_first_steps(outsider_client: Client) -> None:
    content = outsider_client.get(reverse("crm:home")).content.decode()

    assert "First steps" in content
    assert reverse("hub:integration_list") in content
    assert reverse("imports:import_new") in content


def test_task_due_tomorrow_is_not_due_today(
    company: Company, salesperson: User, sales_client: Client
) -> None:
    Task.objects.update(assigned_to=salesperson, due_at=datetime.now(UTC) + timedelta(days=2))

    assert "Call Ada" not in sales_client.get(reverse("crm:home")).content.decode()


@pytest.mark.parametrize(
    ("hour", "words"), [(0, "Good morning"), (12, "Good afternoon"), (23, "Good evening")]
)
def test_greeting_fits_the_hour(hour: int, words: str) -> None:
    assert greeting(datetime(2026, 1, 1, hour, tzinfo=UTC)) == words
