"""What the steps of one walk share: the people, the vendor's side, and what was found so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

from nexa.demo.check.browser import Browser, CheckFailed
from nexa.demo.check.page import Page
from nexa.demo.logins import Login
from nexa.demo.plan import DemoPlan


@dataclass
class Walk:
    """One run of the check; `found` carries addresses and names from step to step."""

    plan: DemoPlan
    salesperson: Login
    operator: Login
    found: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sales = Browser(self.plan.address)
        self.console = Browser(self.plan.address)
        self.vendor = Browser(self.plan.sandbox_address)

    def account(self) -> Page:
        """The page of the company whose deal was won."""
        return self.sales.get(self.found["account"])

    def vendor_with(self, table: str) -> str:
        """The vendor whose own dashboard has a table of that name."""
        page = self.sales.get("/integrations/")
        for provider in re.findall(r'id="connect-(\w+)"', page.source):
            if f"table-{table}" in self.vendor.get(f"/{provider}/").texts_by_id:
                return str(provider)
        raise CheckFailed(f"no vendor keeps {table}")

    def vendor_page(self) -> Page:
        """The vendor's own dashboard."""
        return self.vendor.get(f"/{self.found['provider']}/")


def linked(page: Page, label: str) -> str:
    """The full address of a link by its words."""
    href = page.link(label)
    if href is None:
        raise CheckFailed(f"no link “{label}” on {page.url}")
    return urljoin(page.url, href)


def first(pattern: str, text: str, what: str) -> str:
    """The first group of the first match; CheckFailed names what was looked for."""
    found = re.search(pattern, text)
    if found is None:
        raise CheckFailed(f"no {what} was seen")
    return found.group(1)
