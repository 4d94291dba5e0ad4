"""The salesperson's steps: sign in, import contacts, connect a vendor."""

from __future__ import annotations

import csv
import io

from nexa.demo.check.browser import Browser, CheckFailed, eventually, require
from nexa.demo.check.page import Page
from nexa.demo.check.walk import Walk, first
from nexa.demo.logins import Login

PEOPLE = (
    ("Ada", "Marsh", "ada.marsh@tidewater.example", "Tidewater Foods", "tidewater.example"),
    ("Ben", "Ortiz", "ben.ortiz@tidewater.example", "Tidewater Foods", "tidewater.example"),
    ("Chloé", "Martín", "chloe@cumulus.example", "Cumulus Weather", "cumulus.example"),
    ("Dev", "Patel", "dev.patel@cumulus.example", "Cumulus Weather", "cumulus.example"),
    ("Eve", "Stone", "eve@stonework.example", "Stonework", "stonework.example"),
)
HEADER = ("First Name", "Last Name", "E-mail", "Company", "Company Domain")
SECOND = "Second account"
SECOND_KEY = "sk_test_second_account"
BROKEN = ("Zed", "Broken", "not an address", "Nowhere", "")


def signed_in(walk: Walk) -> str:
    page = walk.sales.get("/")
    if "password" not in page.source:
        raise CheckFailed("the home page does not ask a stranger to sign in")
    page = signed_in_as(walk.sales, page, walk.salesperson)
    require(page, walk.salesperson.name.split(" ")[0])
    return f"greeted as {walk.salesperson.name}"


def signed_in_as(browser: Browser, page: Page, login: Login) -> Page:
    """Fill the form of the sign-in page, ours or the console's."""
    form = page.form(lambda one: "password" in one.values)
    name = "login" if form is not None and "login" in form.values else "username"
    return browser.submit(page, form, {name: login.email, "password": login.password})


def home_seen(walk: Walk) -> str:
    page = walk.sales.get("/")
    for part in ("my-pipeline", "tasks-due", "recent-activity"):
        if not page.texts_by_id.get(part):
            raise CheckFailed(f"home does not show {part}")
    return "open deals, tasks due today, recent activity"


def file_uploaded(walk: Walk) -> str:
    page = walk.sales.get("/imports/new/")
    file = ("contacts from the fair.csv", _csv(), "text/csv")
    form = page.form(lambda one: "csrfmiddlewaretoken" in one.values and one.action != "/")
    form = page.form_with("Upload") or page.form_with("Continue") or form
    page = walk.sales.submit(page, form, files={"file": file})
    walk.found["import"] = first(r"(/imports/\d+/)", page.url, "address of the import")
    require(page, "Map columns")
    return f"{len(PEOPLE) + 1} rows, mapping page"


def columns_mapped(walk: Walk) -> str:
    """Every column has found its field without help."""
    page = walk.sales.get(f"{walk.found['import']}map/")
    form = page.form_with("Check the file")
    if form is None:
        raise CheckFailed("the mapping page has no form")
    chosen = set(form.values.values())
    for wanted in ("first_name", "last_name", "email"):
        if wanted not in chosen:
            raise CheckFailed(f"no column was mapped to {wanted}: {sorted(chosen)}")
    return "first name, last name, e-mail and company found their fields"


def dry_run_seen(walk: Walk) -> str:
    page = walk.sales.get(f"{walk.found['import']}map/")
    page = walk.sales.press(page, "Check the file")
    address = f"{walk.found['import']}review/"
    page = eventually(lambda: walk.sales.get(address), lambda one: "Create" in one.text, "report")
    seen = {label: page.figure(label) for label in ("Create", "Errors", "New companies")}
    if seen != {"Create": str(len(PEOPLE)), "Errors": "1", "New companies": "3"}:
        raise CheckFailed(f"the report says {seen}")
    require(page, "Nothing has been written yet")
    return "5 to create, 1 row with an error, 3 new companies; nothing written"


def import_run(walk: Walk) -> str:
    page = walk.sales.get(f"{walk.found['import']}review/")
    walk.sales.press(page, "Import")
    page = eventually(
        lambda: walk.sales.get(walk.found["import"]),
        lambda one: bool(one.figure("Created")),
        "result",
    )
    if page.figure("Created") != str(len(PEOPLE)):
        raise CheckFailed(f"the result says {page.figure('Created')} created")
    return f"{page.figure('Created')} created, 1 listed as not imported"


def contact_opened(walk: Walk) -> str:
    page = walk.sales.get("/contacts/?q=ada.marsh")
    page = walk.sales.follow(page, "Ada Marsh")
    require(page, "Tidewater Foods", "ada.marsh@tidewater.example")
    company = walk.sales.follow(page, "Tidewater Foods")
    require(company, "Ada Marsh", "Ben Ortiz")
    return "Ada Marsh at Tidewater Foods, with a colleague"


def vendor_connected(walk: Walk) -> str:
    page = walk.sales.get("/integrations/")
    provider = walk.found["provider"] = walk.vendor_with("subscriptions")
    walk.found["provider_name"] = provider_name(page, provider)
    require(page, "(sandbox)", "Active")
    page = walk.sales.get(f"/integrations/{provider}/new/")
    form = page.form_with("Connect and test")
    field = first(r'name="((?:\w+[-_])?api_key)"', page.source, "field for the key")
    page = walk.sales.submit(page, form, {"name": SECOND, field: SECOND_KEY})
    require(page, SECOND, "Active")
    page = walk.sales.press(page, "Test connection")
    require(page, "answered")
    if SECOND_KEY in page.source:
        raise CheckFailed("the page shows the key")
    walk.found["second"] = page.url
    return "the sandbox connection; a second one made, tested, key not shown"


def provider_name(page: Page, provider: str) -> str:
    """As the list of integrations calls it, beside the button that connects it."""
    button = rf'id="connect-{provider}".*?visually-hidden">\s*([^<]+)<'
    return first(button, page.source, f"name of {provider}")


def second_disconnected(walk: Walk) -> str:
    page = walk.sales.get(walk.found["second"])
    page = walk.sales.follow(page, "Disconnect")
    page = walk.sales.press(page, "Disconnect", {"name": SECOND})
    require(page, "is disconnected and its credentials are erased")
    return "credentials erased"


def _csv() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([HEADER, *PEOPLE, BROKEN])
    return text.getvalue().encode("utf-8-sig")
