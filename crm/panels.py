"""Where other apps add to a page of the CRM: a closed registry, filled when Django starts.

The CRM knows nothing of who adds a panel; `integrations.hub` shows what a record is elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from crm.models import OwnedRecord


@dataclass(frozen=True)
class Panel:
    """A card beside a record, fetched when it comes into sight, so that the page waits for nobody.

    `url` is a page of ours about the record. Asked by htmx for the region `id`, it answers with
    the card alone; without script its link, named `label`, leads there.
    """

    id: str
    title: str
    label: str
    url: str


OriginLink = Callable[[HttpRequest, str], str]
RecordPanel = Callable[[HttpRequest, OwnedRecord], Panel | None]

record_panels: list[RecordPanel] = []
# Who knows the page of a ledger row's origin, by the kind of the origin.
origin_links: dict[str, OriginLink] = {}


def panels_of(request: HttpRequest, record: OwnedRecord) -> list[Panel]:
    """What is registered for a record's page; None means nothing to say. Asks the database nothing:
    what a panel shows is read when it is fetched."""
    return [panel for make in record_panels if (panel := make(request, record))]


def origin_url(request: HttpRequest, kind: str, origin_id: str) -> str:
    """The page about what wrote a record; empty where none is, or none for this person."""
    link = origin_links.get(str(kind))
    return link(request, origin_id) if link else ""
