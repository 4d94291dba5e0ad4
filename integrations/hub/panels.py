"""Adds to every record's page how the record stands with the connected systems."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.urls import reverse

from crm.models import OwnedRecord, Record
from crm.panels import Panel, record_panels
from crm.services.ledger import record_type

PANEL: Final = "connected-systems"


def connected_systems(request: HttpRequest, record: OwnedRecord) -> Panel:
    return Panel(
        id=PANEL,
        title="Connected systems",
        label="How it stands with connected systems",
        url=record_systems_path(record),
    )


def record_systems_path(record: Record) -> str:
    """The page that says of each connected system whether the record is in step with it."""
    return reverse("hub:record_systems", args=[record_type(record), record.pk])


record_panels.append(connected_systems)
