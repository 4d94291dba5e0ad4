"""The whole loop at the screen: connect Stripe, win a deal, get paid, miss a payment, look behind.

Seller, vendor and operator each have a window; the workers' part is done between their steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories
from tests.browser.billing import at_sandbox, work
from tests.browser.chrome import Window, session_of
from tests.browser.conftest import OpenWindow
from tests.browser.shop import Shop
from tests.browser.site import Site
from tests.sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sandboxed(site: Site, sandbox: RunningSandbox) -> Iterator[None]:
    with at_sandbox(site, sandbox):
        yield


@pytest.fixture
def seller(open_window: OpenWindow, shop: Shop) -> Window:
    return open_window(session=session_of(shop.seller))


@pytest.fixture
def vendor(open_window: OpenWindow) -> Window:
    return open_window()


@pytest.fixture
def operator(open_window: OpenWindow, browser: object) -> Window:
    user = factories.user_make(is_staff=True, is_superuser=True)
    return open_window(session=session_of(user))


def test_money_of_a_won_deal_reaches_everyone(
    seller: Window, vendor: Window, operator: Window, shop: Shop, sandbox: RunningSandbox
) -> None:
    _connect(seller)
    _win_the_deal(seller, shop)
    work()
    _account_is_billed(seller, shop)

    _at_the_vendor(vendor, sandbox, "Pay invoice", "is paid")
    work()
    _account_shows(seller, shop, health="75", entry="paid")

    _at_the_vendor(vendor, sandbox, "Next billing cycle", "moved on")
    _at_the_vendor(vendor, sandbox, "Fail payment", "failed")
    work()
    _account_shows(seller, shop, health="60", entry="failed")
    _seller_is_alarmed(seller)

    _operator_sees_it_all(operator)


def test_dead_job_is_retried_from_the_console(
    seller: Window, vendor: Window, operator: Window, shop: Shop, sandbox: RunningSandbox
) -> None:
    _connect(seller)
    _break_the_vendor(vendor, sandbox)
    _win_the_deal(seller, shop)
    work()
    page = operator.page
    operator.open("/admin/hub/syncjob/?state__exact=dead")
    page.locator("#result_list a[href*='/change/']").first.click()
    expect(page.locator("main")).to_contain_text("Your card was declined.")

    vendor.page.get_by_role("button", name="Clear all misbehaviour").click()
    operator.open("/admin/hub/syncjob/?state__exact=dead")
    page.locator("[name=_selected_action]").check()
    _run_action(page, "Retry the selected dead jobs")
    work()

    _account_is_billed(seller, shop)


# --- What each of them does ---------------------------------------------------------------------


def _connect(seller: Window) -> None:
    page = seller.page
    seller.open("/integrations/")
    page.get_by_role("link", name="Connect Stripe").click()
    page.get_by_label("Secret or restricted key").fill("sk_test_nexa_tests")
    page.get_by_role("button", name="Connect and test").click()
    expect(page.locator(".messages .alert-ok")).to_contain_text("connected")


def _win_the_deal(seller: Window, shop: Shop) -> None:
    page = seller.page
    seller.open(f"/deals/{shop.deal.pk}/")
    page.locator("#stages").get_by_role("button", name="Closed won").click()
    expect(page.locator(".messages")).to_contain_text("is won")


def _account_is_billed(seller: Window, shop: Shop) -> None:
    page = seller.page
    seller.open(f"/accounts/{shop.account.pk}/")
    expect(_figure(page, "MRR")).to_have_text("$147.00")
    expect(_figure(page, "Subscription")).to_have_text("Active")
    expect(_figure(page, "Next billing")).to_have_text(re.compile(r"\d{4}"))
    systems = page.get_by_role("region", name="Connected systems")
    systems.scroll_into_view_if_needed()
    expect(systems).to_contain_text("cus_")


def _at_the_vendor(vendor: Window, sandbox: RunningSandbox, button: str, said: str) -> None:
    page = vendor.page
    vendor.open(f"{sandbox.url}/stripe/")
    page.get_by_role("button", name=button).first.click()
    expect(page.get_by_role("status")).to_contain_text(said)
    assert sandbox.wait_delivered()


def _break_the_vendor(vendor: Window, sandbox: RunningSandbox) -> None:
    page = vendor.page
    vendor.open(f"{sandbox.url}/stripe/")
    page.get_by_label("What").select_option("card_declined")
    page.get_by_label("Path begins with").fill("/v1/customers")
    page.get_by_label("How often").fill("")
    page.get_by_role("button", name="Misbehave").click()
    page.get_by_role("button", name="Clear all misbehaviour").wait_for()


def _account_shows(seller: Window, shop: Shop, *, health: str, entry: str) -> None:
    page = seller.page
    seller.open(f"/accounts/{shop.account.pk}/")
    expect(_figure(page, "Health")).to_have_text(health)
    newest = page.locator("#timeline .timeline-item", has_text=re.compile(f"Invoice .* {entry}"))
    expect(newest.first).to_contain_text("$147.00")


def _seller_is_alarmed(seller: Window) -> None:
    page = seller.page
    seller.open("/")
    expect(page.locator(".alert-err")).to_contain_text("Urgent")
    expect(page.get_by_role("region", name="Due today")).to_contain_text(
        "URGENT: Payment failed for Birch & Co"
    )


def _operator_sees_it_all(operator: Window) -> None:
    page = operator.page
    _open_newest(operator, "/admin/hub/inboxevent/?state__exact=done")
    expect(page.locator("main")).to_contain_text("Raw body")
    expect(page.locator("pre", has_text='"object": "event"')).to_be_visible()

    _open_newest(operator, "/admin/hub/syncjob/?state__exact=done")
    expect(page.locator("main")).to_contain_text("Attempt")

    _open_newest(operator, "/admin/hub/attempt/")
    expect(page.locator("pre", has_text="/v1/customers")).to_be_visible()

    operator.open("/admin/crm/change/?origin_kind__exact=connection")
    expect(page.locator("#result_list")).to_contain_text("invoice.paid")


def _open_newest(operator: Window, path: str) -> None:
    operator.open(path)
    operator.page.locator("#result_list a[href*='/change/']").first.click()


def _run_action(page: Page, label: str) -> None:
    page.locator("select[name=action]").select_option(label=label)
    page.get_by_role("button", name="Run").click()


def _figure(page: Page, label: str) -> Locator:
    return page.locator(".stat", has_text=label).locator(".stat-value")
