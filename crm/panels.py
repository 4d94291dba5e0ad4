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


AccountPanel = Callable[[HttpRequest, Account], Panel | None]

account_panels: list[AccountPanel] = []


def panels_of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """What is registered for an account; None means nothing to say."""
    return [panel for make in account_panels if (panel := make(request, account))]
