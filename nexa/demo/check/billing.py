"""From a won deal to money: the salesperson wins, the vendor's customers pay and fail to."""

from __future__ import annotations

import re

from nexa.demo.check.browser import CheckFailed, eventually, require
from nexa.demo.check.page import Page
from nexa.demo.check.walk import Walk, first, linked

DEAL = "Harbour Robotics: Business plan for two sites"
COMPANY = "Harbour Robotics"
STARTING_HEALTH = 70
REPEATED = 5
MONTHLY = "$398.00"


def deal_opened(walk: Walk) -> str:
    page = walk.sales.get("/deals/?q=Harbour")
    page = walk.sales.follow(page, DEAL)
    require(page, "Line items", "Business plan", MONTHLY)
    walk.found["deal"] = page.url
    walk.found["account"] = linked(page, COMPANY)
    return f"2 Business plans, {MONTHLY} a month"


def deal_won(walk: Walk) -> str:
    page = walk.sales.get(walk.found["deal"])
    page = walk.sales.press(page, "Move to Closed won")
    require(page, "Closed won", "100 %")
    return "stage Closed won"


def subscription_seen(walk: Walk) -> str:
    page = eventually(
        walk.account, lambda one: one.figure("Subscription") == "Active", "subscription"
    )
    if page.figure("MRR") != MONTHLY:
        raise CheckFailed(f"MRR is {page.figure('MRR')}")
    billing = page.figure("Next billing")
    if billing in ("", "None"):
        raise CheckFailed("no next billing date")
    customers = walk.vendor_page().texts_by_id["table-customers"]
    customer = first(rf"(\S+) {re.escape(COMPANY)}", customers, f"customer {COMPANY}")
    systems = r'id="connected-systems-page" href="([^"]+)"'
    require(walk.sales.get(first(systems, page.source, "connected systems")), customer)
    return f"customer {customer}, Active, MRR {MONTHLY}, next billing {billing}"


def one_of_each(walk: Walk) -> str:
    vendor = walk.vendor_page()
    for table in ("customers", "subscriptions"):
        held = vendor.texts_by_id[f"table-{table}"]
        if not re.match(r"\w+ 1 ", held):
            raise CheckFailed(f"the vendor holds: {held[:80]}")
    return "exactly one customer and one subscription at the vendor"


def invoice_paid(walk: Walk) -> str:
    walk.vendor.press(walk.vendor_page(), "Pay invoice")
    page = _moved_to(walk, STARTING_HEALTH + 5)
    require(page, "paid", "Current")
    return f"timeline shows the payment, health {STARTING_HEALTH} → {page.figure('Health')}"


def events_repeated(walk: Walk) -> str:
    """The vendor sends its newest events three times more; nothing may move."""
    vendor = walk.vendor_page()
    repeats = [form for form in vendor.forms if form.button("Send again")][:REPEATED]
    for form in repeats:
        walk.vendor.submit(vendor, form, button="Send again")
    eventually(walk.vendor_page, _is_all_sent, "web-hooks sent")
    page = _moved_to(walk, STARTING_HEALTH + 5)
    return f"{len(repeats)} events sent three times more, health stays {page.figure('Health')}"


def invoice_failed(walk: Walk) -> str:
    walk.vendor.press(walk.vendor_page(), "Next billing cycle")
    walk.vendor.press(walk.vendor_page(), "Fail payment")
    page = _moved_to(walk, STARTING_HEALTH + 5 - 15)
    require(page, "failed", "Overdue", "High churn risk")
    return f"timeline shows the failure, health {STARTING_HEALTH + 5} → {page.figure('Health')}"


def alert_and_task_seen(walk: Walk) -> str:
    page = walk.sales.get("/")
    require(page, "Urgent:", "URGENT: Payment failed for", COMPANY)
    due = page.texts_by_id.get("tasks-due", "")
    if "URGENT: Payment failed for" not in due:
        raise CheckFailed("the task is not among those due today")
    return f"urgent alert and task “URGENT: Payment failed for {COMPANY}” on the csm's home"


def _moved_to(walk: Walk, health: int) -> Page:
    return eventually(
        walk.account, lambda one: one.figure("Health") == str(health), f"health {health}"
    )


def _is_all_sent(vendor: Page) -> bool:
    return "waiting" not in vendor.texts_by_id["webhooks"]
