"""The operator's steps in the console: everything is there to see, and a dead row goes through."""

from __future__ import annotations

import re

from nexa.demo.check.browser import CheckFailed, eventually, require
from nexa.demo.check.page import Page
from nexa.demo.check.selling import signed_in_as
from nexa.demo.check.walk import Walk, first, linked

JOB = r"/admin/hub/syncjob/(\d+)/change/"
COMPANY = "Silent Partner"
DEAL = "Silent Partner: Team plan"
ADDRESS = "hello@silent-partner.example"


def console_opened(walk: Walk) -> str:
    page = walk.console.get("/admin/")
    page = signed_in_as(walk.console, page, walk.operator)
    if page.link("Log in") or "/login/" in page.url:
        raise CheckFailed("the console does not let the operator in")
    walk.sales.get("/admin/", status=403)
    return "open for the operator, closed for the salesperson"


def connection_seen(walk: Walk) -> str:
    name = walk.found["provider_name"]
    page = _opened(walk, "/admin/hub/connection/", f"{name} (sandbox)")
    require(page, "secrets held (encrypted)", "api_key")
    if "sk_test_" in page.source or "whsec_" in page.source:
        raise CheckFailed("the console shows a credential")
    return "connection with the names of its credentials, no value"


def inbox_seen(walk: Walk) -> str:
    page = walk.console.get("/admin/hub/inboxevent/?state__exact=done")
    pk = first(r"/admin/hub/inboxevent/(\d+)/change/", page.source, "event that is done")
    page = walk.console.get(f"/admin/hub/inboxevent/{pk}/change/")
    require(page, "Raw body", "Headers kept")
    if "&quot;" not in page.source and '{"' not in page.text:
        raise CheckFailed("the event shows no raw body")
    return "event with its headers and raw body"


def attempts_seen(walk: Walk) -> str:
    page = walk.console.get("/admin/hub/syncjob/?state__exact=done")
    pk = first(JOB, page.source, "job that is done")
    require(walk.console.get(f"/admin/hub/syncjob/{pk}/change/"), "Attempt")
    attempts = walk.console.get("/admin/hub/attempt/")
    one = first(r"(/admin/hub/attempt/\d+/change/)", attempts.source, "attempt")
    page = walk.console.get(one)
    require(page, "Requests and answers")
    if "sk_test_" in page.source:
        raise CheckFailed("the attempt shows the key")
    return "job, its attempts, what was sent and answered"


def runs_and_ledger_seen(walk: Walk) -> str:
    runs = walk.console.get("/admin/hub/syncrun/")
    first(r"(/admin/hub/syncrun/\d+/change/)", runs.source, "sync run")
    ledger = walk.console.get("/admin/crm/change/")
    first(r"(/admin/crm/change/\d+/change/)", ledger.source, "change")
    for origin in ("rule", "import", "connection"):
        page = walk.console.get(f"/admin/crm/change/?origin_kind__exact={origin}")
        first(r"(/admin/crm/change/\d+/change/)", page.source, f"change of origin {origin}")
    return "sync runs; changes by rule, import and connection"


def deal_without_address_won(walk: Walk) -> str:
    """A deal that cannot be billed: nobody at the company has an e-mail address."""
    page = walk.sales.get("/accounts/new/")
    page = walk.sales.submit(
        page, page.form_with("Create") or page.form_with("Save"), {"name": COMPANY}
    )
    page = walk.sales.get("/deals/new/")
    form = page.form_with("Create") or page.form_with("Save")
    page = walk.sales.submit(page, form, {"name": DEAL, "account": COMPANY})
    walk.found["dead deal"] = page.url
    page = walk.sales.follow(page, "Add line")
    form = page.form(lambda one: "quantity" in one.values)
    page = walk.sales.submit(page, form, {"product": "Team plan", "quantity": "1"})
    page = walk.sales.get(walk.found["dead deal"])
    walk.sales.press(page, "Move to Closed won")
    page = eventually(lambda: _dead_jobs(walk), _has_job, "a job given up")
    walk.found["dead job"] = first(JOB, page.source, "dead job")
    page = walk.console.get(f"/admin/hub/syncjob/{walk.found['dead job']}/change/")
    require(page, "e-mail address")
    return "job given up at once, with the reason in words"


def dead_job_retried(walk: Walk) -> str:
    """The salesperson adds an address, the operator retries, the deal is billed."""
    page = walk.sales.get("/contacts/new/")
    form = page.form_with("Create") or page.form_with("Save")
    person = {"first_name": "Sol", "last_name": "Quiet", "email": ADDRESS, "account": COMPANY}
    walk.sales.submit(page, form, person)
    page = _dead_jobs(walk)
    form = page.form(lambda one: "action" in one.values)
    chosen = {"action": "retry", "_selected_action": walk.found["dead job"]}
    page = walk.console.submit(page, form, chosen)
    require(page, "queued again")
    job = f"/admin/hub/syncjob/{walk.found['dead job']}/change/"
    eventually(lambda: walk.console.get(job), lambda one: "Done" in one.text, "job done")
    address = linked(walk.sales.get(walk.found["dead deal"]), COMPANY)
    page = eventually(
        lambda: walk.sales.get(address),
        lambda one: one.figure("Subscription") == "Active",
        "billing",
    )
    return f"job done, subscription Active, MRR {page.figure('MRR')}"


def _dead_jobs(walk: Walk) -> Page:
    return walk.console.get("/admin/hub/syncjob/?state__exact=dead")


def _has_job(page: Page) -> bool:
    return re.search(JOB, page.source) is not None


def _opened(walk: Walk, path: str, label: str) -> Page:
    return walk.console.follow(walk.console.get(path), label)
