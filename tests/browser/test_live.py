"""What script adds to the pages: live search, undo in a toast, progress that moves by itself."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Request, expect

from crm.choices import TaskStatus
from crm.models import Contact, Task
from crm.services.origin import by_user
from crm.services.tasks import task_create
from imports.choices import DuplicateStrategy, ErrorPolicy
from imports.models import ImportJob
from imports.plan import plan_work
from imports.services import import_create, import_plan_start, import_start
from tests.browser.chrome import NARROW, Window, session_of
from tests.browser.conftest import OpenWindow
from tests.browser.shop import CSV, Shop, imports_worked

TYPE_FAST = """(field, text) => {
  field.focus();
  for (let end = 1; end <= text.length; end += 1) {
    field.value = text.slice(0, end);
    field.dispatchEvent(new InputEvent("input", {bubbles: true}));
  }
}"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def window(open_window: OpenWindow, shop: Shop) -> Window:
    return open_window(session=session_of(shop.seller))


@pytest.fixture
def task(shop: Shop) -> Task:
    values = {"title": "Send the quote", "assigned_to": shop.seller, "owner": shop.seller}
    return task_create(workspace=shop.workspace, values=values, origin=by_user(shop.seller))


def test_search_waits_for_a_pause_and_keeps_the_focus(window: Window) -> None:
    page = window.page
    window.open("/contacts/")
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one) if "hx-request" in one.headers else None)

    page.get_by_label("Search contacts").evaluate(TYPE_FAST, "nobody")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()

    assert len(asked) == 1
    assert "q=nobody" in page.url
    assert page.evaluate("document.activeElement.id") == "search"
    expect(page.locator("#page-count")).to_have_text("0")
    expect(page.locator("#live")).to_have_text("0 contacts")


def test_going_back_after_a_search_shows_the_whole_page(window: Window) -> None:
    page = window.page
    window.open("/contacts/")
    page.get_by_label("Search contacts").fill("nobody")
    page.wait_for_url("**q=nobody*")

    page.go_back()

    expect(page.get_by_role("link", name="Bea Birch")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_toast_takes_a_tick_back(window: Window, task: Task) -> None:
    page = window.page
    window.open("/tasks/")

    page.get_by_role("button", name="Mark as done: Send the quote").click()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Mark as done: Send the quote").wait_for()

    task.refresh_from_db()
    assert task.status == TaskStatus.OPEN


def test_message_takes_an_archiving_back(window: Window, shop: Shop) -> None:
    page = window.page
    window.open(f"/contacts/{shop.contact.pk}/archive/")

    page.get_by_role("button", name="Archive").click()
    page.locator(".messages").get_by_role("button", name="Undo").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Bea Birch")
    assert not Contact.objects.get(pk=shop.contact.pk).is_archived


def test_refused_request_is_told_in_a_toast(window: Window, task: Task) -> None:
    page = window.page
    window.open("/tasks/")
    window.watch.expect(404)
    Task.objects.filter(pk=task.pk).delete()

    page.get_by_role("button", name="Mark as done: Send the quote").click()

    expect(page.locator("#toasts")).to_contain_text("no longer there")


def test_company_is_suggested_while_typing(window: Window) -> None:
    page = window.page
    window.open("/contacts/new/")

    page.get_by_label("Company").press_sequentially("birc", delay=20)

    expect(page.locator("datalist option[value^='Birch']")).to_have_count(1)


def test_import_shows_its_progress_and_then_its_result(window: Window, shop: Shop) -> None:
    page = window.page
    job = _import_at_work(shop)
    window.open(f"/imports/{job.pk}/")
    panel = page.locator("#import-progress").element_handle()

    page.wait_for_function("(panel) => !panel.isConnected", arg=panel)
    expect(page.locator("#import-progress")).to_contain_text("0 of 2")
    imports_worked()

    expect(page.get_by_role("link", name="View contacts")).to_be_visible()
    expect(page.locator(".page-count")).to_have_text("Completed")


def test_theme_is_remembered(window: Window) -> None:
    page = window.page
    window.open("/")

    page.locator("[data-theme-toggle]").first.click()
    window.open("/contacts/")

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_menu_is_a_drawer_on_a_small_screen(open_window: OpenWindow, shop: Shop) -> None:
    window = open_window(session=session_of(shop.seller), width=NARROW)
    page = window.page
    window.open("/")
    expect(page.get_by_role("link", name="Companies")).not_to_be_in_viewport()

    page.get_by_role("link", name="Open menu").click()
    page.get_by_role("link", name="Companies").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Companies")


def _import_at_work(shop: Shop) -> ImportJob:
    job = import_create(
        workspace=shop.workspace,
        user=shop.seller,
        upload=io.BytesIO(CSV.encode()),
        file_name="people.csv",
    )
    import_plan_start(
        job,
        mapping=job.mapping,
        strategy=DuplicateStrategy.UPDATE,
        error_policy=ErrorPolicy.CONTINUE,
    )
    plan_work(job.pk)
    return import_start(job)
