"""Adds to an account's page where else the account lives."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from crm.models import Account
from crm.panels import Panel, PanelRow, account_panels
from integrations.hub.models import ConnectionState, SyncRecord


def connected_systems(request: HttpRequest, account: Account) -> Panel:
    """One row per link: the vendor's word for the thing, its id there, and the connection."""
    links = (
        SyncRecord.objects.filter(
            record_type="account",
            local_id=account.pk,
            connection__workspace_id=account.workspace_id,
        )
        .exclude(connection__state=ConnectionState.DISABLED)
        .select_related("connection")
        .order_by("connection_id", "object")
    )
    return Panel(
        title="Connected systems",
        rows=tuple(_row(link) for link in links),
        empty="This company is not in any connected system yet.",
    )


def _row(link: SyncRecord) -> PanelRow:
    connection = link.connection
    label = f"{connection.provider_name} {link.object}"
    if link.state != "active":
        label += f" ({link.get_state_display().lower()})"
    url = reverse("hub:connection_detail", args=[connection.pk])
    return PanelRow(label=label, value=link.external_id, url=url)


account_panels.append(connected_systems)
