"""The working day of a salesperson without a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from crm.services.origin import by_user
from crm.services.tasks import task_create
from tests.browser.chrome import Window, session_of
from tests.browser.conftest import OpenWindow
from tests.browser.keys import Keyboard
from tests.browser.shop import CSV, PASSWORD, Shop, imports_worked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def window(open_window: OpenWindow, shop: Shop) -> Window:
    return open_window(session=session_of(shop.seller))


@pytest.fixture
def keys(window: Window) -> Keyboard:
    return Keyboard(window.page)


def test_sign_in(open_window: OpenWindow, shop: Shop) -> None:
    window = open_window()
    page, keys = window.page, Keyboard(window.page)
    window.open("/")

    keys.fill(page.get_by_label("Email"), shop.seller.email)
    keys.fill(page.get_by_label("Password"), PASSWORD)
    keys.press("Enter")

    expect(page).to_have_title("Home · Shop")


def test_first_stop_skips_to_the_content(window: Window, keys: Keyboard) -> None:
    window.open("/")

    keys.press("Tab")
    keys.check()
    keys.press("Enter")

    assert window.page.evaluate("document.activeElement.id") == "main"


def test_contact_is_found_edited_and_noted(window: Window, keys: Keyboard) -> None:
    page = window.page
    window.open("/")
    keys.press("g", "c")
    page.wait_for_url("**/contacts/")

    keys.press("/")
    keys.type("birch")
    page.wait_for_url("**/contacts/?q=birch*")
    assert page.evaluate("document.activeElement.id") == "search"
    keys.use(page.get_by_role("link", name="Bea Birch"))

    keys.use(page.get_by_role("link", name="Edit"))
    keys.fill(page.get_by_label("Job title"), "Director")
    keys.press("Enter")
    expect(page.locator(".record-head")).to_contain_text("Director at Birch & Co")

    keys.fill(page.get_by_label("Note", exact=True), "Called back")
    keys.use(page.get_by_role("button", name="Add note"))
    expect(page.locator("#timeline")).to_contain_text("Called back")


def test_deal_is_moved_on_its_page(window: Window, keys: Keyboard, shop: Shop) -> None:
    page = window.page
    window.open("/")
    keys.press("g", "d")
    keys.use(page.get_by_role("link", name="Birch team"))

    keys.use(page.locator("#stages").get_by_role("button", name="Proposal"))

    expect(page.locator("#stages [aria-current=step]")).to_have_text("Proposal")


def test_deal_is_moved_on_the_board(window: Window, keys: Keyboard) -> None:
    page = window.page
    window.open("/deals/board/")
    menu = page.locator(".board-card details.menu")

    keys.use(menu.locator("summary"))
    keys.press("Escape")
    expect(menu.locator(".menu-list")).to_be_hidden()
    keys.check()
    keys.press("Enter")
    keys.use(menu.get_by_role("button", name="Qualified"))

    column = page.get_by_role("region", name="Qualified")
    expect(column.get_by_role("link", name="Birch team")).to_be_visible()


def test_file_is_imported(window: Window, keys: Keyboard, tmp_path: Path) -> None:
    page = window.page
    file = tmp_path / "people.csv"
    file.write_text(CSV)
    window.open("/")
    keys.press("g", "i")
    keys.use(page.locator("#new-import"))

    with page.expect_file_chooser() as chooser:
        keys.use(page.get_by_label("File"), "Space")
    chooser.value.set_files(file)
    keys.use(page.get_by_role("button", name="Upload"))
    keys.go_to(page.get_by_label("Email").first)
    keys.use(page.get_by_role("button", name="Check the file"))
    keys.use(page.get_by_role("button", name="Import 2 rows"))
    page.locator("#import-progress").wait_for()
    imports_worked()

    keys.use(page.get_by_role("link", name="View contacts"))
    expect(page.get_by_role("link", name="Ada Lovelace")).to_be_visible()


def test_ticking_a_task_keeps_the_focus(window: Window, keys: Keyboard, shop: Shop) -> None:
    page = window.page
    values = {"title": "Send the quote", "assigned_to": shop.seller, "owner": shop.seller}
    task = task_create(workspace=shop.workspace, values=values, origin=by_user(shop.seller))
    window.open("/tasks/")

    keys.use(page.get_by_role("button", name="Mark as done: Send the quote"), "Space")
    page.get_by_role("button", name="To do again: Send the quote").wait_for()

    assert page.evaluate("document.activeElement.id") == f"tick-{task.pk}"
    keys.check()


def test_sorting_keeps_the_focus(window: Window, keys: Keyboard) -> None:
    page = window.page
    window.open("/contacts/")

    keys.use(page.locator("thead").get_by_role("link", name="Name"))
    page.wait_for_url("**sort=name*")

    expect(page.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
