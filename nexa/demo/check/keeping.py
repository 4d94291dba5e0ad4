"""Leads and contacts kept in step with vendors: those made here are there, and the other way."""

from __future__ import annotations

from nexa.demo.check.browser import CheckFailed, eventually
from nexa.demo.check.page import Page
from nexa.demo.check.walk import Walk

OURS = ("Nora", "Fielding", "nora@fielding.example")
THEIRS = ("Omar Vance", "omar@vance.example")

CONTACT = ("Iris", "Calder", "iris@calder.example")
THEIR_CONTACT = "jonas@weber.example"


def lead_sent(walk: Walk) -> str:
    """The salesperson notes a lead; the vendor has it a moment later."""
    walk.found["lead_vendor"] = walk.vendor_with("leads")
    first, last, email = OURS
    page = walk.sales.get("/leads/new/")
    form = page.form(lambda one: "last_name" in one.values)
    if form is None:
        raise CheckFailed("there is no form for a lead")
    walk.sales.submit(page, form, {"first_name": first, "last_name": last, "email": email})
    eventually(
        lambda: _vendor_page(walk), lambda one: f"{first} {last}" in one.text, "lead at the vendor"
    )
    return f"{first} {last} is at the vendor"


def lead_taken_over(walk: Walk) -> str:
    """A colleague makes a lead at the vendor; its web-hook brings it here."""
    name, email = THEIRS
    page = _vendor_page(walk)
    form = page.form(lambda one: {"name", "email", "phone"} <= one.values.keys())
    if form is None:
        raise CheckFailed("the vendor's page has no form for a lead")
    walk.vendor.submit(page, form, {"name": name, "email": email})
    page = eventually(
        lambda: walk.sales.get(f"/leads/?q={email.partition('@')[0]}"),
        lambda one: one.link(name) is not None,
        "lead of the vendor",
    )
    return f"{name} came by web-hook or list"


def _vendor_page(walk: Walk) -> Page:
    return walk.vendor.get(f"/{walk.found['lead_vendor']}/")


def contact_sent(walk: Walk) -> str:
    """The salesperson adds a contact; the other CRM has it a moment later."""
    walk.found["crm_vendor"] = walk.vendor_with("companies")
    first, last, email = CONTACT
    page = walk.sales.get("/contacts/new/")
    form = page.form(lambda one: "last_name" in one.values)
    if form is None:
        raise CheckFailed("there is no form for a contact")
    walk.sales.submit(page, form, {"first_name": first, "last_name": last, "email": email})
    eventually(lambda: _crm_page(walk), lambda one: email in one.text, "contact at the vendor")
    return f"{first} {last} is at the vendor"


def contact_taken_over(walk: Walk) -> str:
    """A colleague adds a contact at the vendor; its web-hook brings it here, once."""
    page = _crm_page(walk)
    wanted = {"kind", "property", "value"}
    form = page.form(lambda one: wanted <= one.values.keys() and "id" not in one.values)
    if form is None:
        raise CheckFailed("the vendor's page has no form for a contact")
    values = {"kind": "contacts", "property": "email", "value": THEIR_CONTACT}
    walk.vendor.submit(page, form, values)
    eventually(
        lambda: walk.sales.get(f"/contacts/?q={THEIR_CONTACT.partition('@')[0]}"),
        lambda one: THEIR_CONTACT in one.text,
        "contact of the vendor",
    )
    return f"{THEIR_CONTACT} came by web-hook"


def _crm_page(walk: Walk) -> Page:
    return walk.vendor.get(f"/{walk.found['crm_vendor']}/")
