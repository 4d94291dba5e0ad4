"""Everything a salesperson does, in a browser that runs no script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.models import Contact
from integrations.hub.models import Connection
from tests.browser.billing import at_sandbox
from tests.browser.chrome import Window, session_of
from tests.browser.conftest import OpenWindow
from tests.browser.shop import CSV, PASSWORD, Shop, imports_worked
from tests.browser.site import Site
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def window(open_window: OpenWindow, shop: Shop) -> Window:
    return open_window(session=session_of(shop.seller), java_script_enabled=False)


def test_sign_in_and_out_by_form(open_window: OpenWindow, shop: Shop) -> None:
    window = open_window(java_script_enabled=False)
    page = window.page

    window.open("/contacts/")
    page.get_by_label("Email").fill(shop.seller.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Contacts")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_contact_is_created_and_edited(window: Window) -> None:
    page = window.page
    window.open("/contacts/")

    page.get_by_role("link", name="New contact").click()
    page.get_by_label("First name").fill("Noor")
    page.get_by_label("Company").fill("Birch & Co")
    page.get_by_role("button", name="Create contact").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Noor")

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Last name").fill("Nuri")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Noor Nuri")
    expect(page.locator("#company")).to_have_text("Birch & Co")


def test_note_is_written_on_a_contact(window: Window, shop: Shop) -> None:
    page = window.page
    window.open(f"/contacts/{shop.contact.pk}/")

    page.get_by_label("Note", exact=True).fill("Prefers the yearly plan")
    page.get_by_role("button", name="Add note").click()

    expect(page.locator("#timeline")).to_contain_text("Prefers the yearly plan")


def test_archived_contact_is_restored(window: Window, shop: Shop) -> None:
    page = window.page
    window.open(f"/contacts/{shop.contact.pk}/")

    page.get_by_role("link", name="Archive").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="No contacts yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Bea Birch")
    assert not Contact.objects.get(pk=shop.contact.pk).is_archived


def test_list_is_searched_and_sorted(window: Window) -> None:
    page = window.page
    window.open("/contacts/")

    page.get_by_label("Search contacts").fill("birch")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Bea Birch")).to_be_visible()
    page.get_by_role("link", name="Name").click()

    assert "q=birch" in page.url
    assert "sort=name" in page.url


def test_file_is_imported_to_the_end(window: Window, tmp_path: Path) -> None:
    page = window.page
    file = tmp_path / "people.csv"
    file.write_text(CSV)
    window.open("/imports/new/")

    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Map columns")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 2 rows").click()
    imports_worked()
    page.get_by_role("link", name="Reload to see how far it is").click()

    expect(page.locator("main")).to_contain_text("Completed")
    page.get_by_role("link", name="View contacts").click()
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.locator("#company")).to_have_text("Analytical Engines")


def test_vendor_is_connected_and_disconnected(
    window: Window, site: Site, sandbox: RunningSandbox
) -> None:
    page = window.page
    with at_sandbox(site, sandbox):
        window.open("/integrations/")
        page.get_by_role("link", name="Connect Stripe").click()
        page.get_by_label("Secret or restricted key").fill("sk_test_nexa_tests")
        page.get_by_role("button", name="Connect and test").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Stripe")
        page.get_by_role("button", name="Test connection").click()
        expect(page.locator(".messages .alert-ok")).to_be_visible()

        page.get_by_role("link", name="Disconnect").click()
        page.get_by_label("Type the connection's name").fill("Stripe")
        page.get_by_role("button", name="Disconnect").click()

    expect(page.locator(".messages")).to_contain_text("disconnected")
    assert Connection.objects.get().state == "disabled"


def test_deal_is_moved_from_its_page_and_from_the_board(window: Window, shop: Shop) -> None:
    page = window.page
    window.open(f"/deals/{shop.deal.pk}/")
    _stage_button(page, "Proposal").click()
    expect(page.locator(".stages [aria-current=step]")).to_have_text("Proposal")

    window.open("/deals/board/")
    page.locator(".board-card summary").click()
    page.locator(".board-card").get_by_role("button", name="Negotiation").click()

    column = page.get_by_role("region", name="Negotiation")
    expect(column.get_by_role("link", name="Birch team")).to_be_visible()


def test_lost_deal_says_why(window: Window, shop: Shop) -> None:
    page = window.page
    window.open(f"/deals/{shop.deal.pk}/")

    _stage_button(page, "Closed lost").click()
    page.get_by_label("Why was it lost?").fill("Too dear")
    page.get_by_role("button", name="Close as lost").click()

    expect(page.locator("main")).to_contain_text("Too dear")


def test_task_is_ticked_and_taken_back(window: Window) -> None:
    page = window.page
    window.open("/tasks/new/")
    page.get_by_label("Title").fill("Send the quote")
    page.get_by_role("button", name="Create task").click()

    window.open("/tasks/")
    page.get_by_role("button", name="Mark as done: Send the quote").click()
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="To do again: Send the quote").click()
    window.open("/tasks/")

    expect(page.get_by_role("link", name="Send the quote")).to_be_visible()


def _stage_button(page: Page, name: str) -> Locator:
    return page.locator("#stages").get_by_role("button", name=name)
