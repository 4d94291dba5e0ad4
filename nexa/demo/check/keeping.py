"""Leads kept in step with a vendor: one made here is there, one made there is here."""

from __future__ import annotations

from nexa.demo.check.browser import CheckFailed, eventually
from nexa.demo.check.page import Page
from nexa.demo.check.walk import Walk

OURS = ("Nora", "Fielding", "nora@fielding.example")
THEIRS = ("Omar Vance", "omar@vance.example")


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
