"""Where other apps add to a page of the CRM: a closed registry, filled when Django starts.

The CRM knows nothing of who adds a panel; `integrations.hub` shows what a record is elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from crm.models import Account


@dataclass(frozen=True)
class PanelRow:
    """One fact; `url` is an absolute https address or a path of ours, or empty."""

    label: str
    value: str
    url: str = ""


@dataclass(frozen=True)
class Panel:
    """A card beside a record; a panel without rows shows its `empty` sentence."""

    title: str
    rows: tuple[PanelRow, ...]
    empty: str = ""


OriginLink = Callable[[HttpRequest, str], str]
AccountPanel = Callable[[HttpRequest, Account], Panel | None]

account_panels: list[AccountPanel] = []
# Who knows the page of a ledger row's origin, by the kind of the origin.
origin_links: dict[str, OriginLink] = {}


def panels_of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """What is registered for an account; None means nothing to say."""
    return [panel for make in account_panels if (panel := make(request, account))]


def origin_url(request: HttpRequest, kind: str, origin_id: str) -> str:
    """The page about what wrote a record; empty where none is, or none for this person."""
    link = origin_links.get(str(kind))
    return link(request, origin_id) if link else ""
