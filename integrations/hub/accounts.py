"""Whose account a connection opens: one connection of a workspace for each account at a vendor."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from crm.models import Workspace
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import AccountInfo


@transaction.atomic
def account_claim(connection: Connection, account: AccountInfo) -> Connection | None:
    """Store whose account it is; the connection that has the account already, if one does.

    A connection that held the account before loses it to none that came later. Two that claim at
    once take turns at the workspace.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=connection.workspace_id)
    taken = _holder(connection, account.id[:255])
    if taken is None:
        connection.remote_account_id = account.id[:255]
        connection.remote_account_name = account.name[:255]
        connection.save(update_fields=["remote_account_id", "remote_account_name"])
    return taken


def taken_words(connection: Connection, account: AccountInfo, holder: Connection) -> str:
    return (
        f"This {connection.provider_name} account ({account.name or account.id}) is connected "
        f"already, as “{holder.name}”. Use that connection, or disconnect it first. Nothing was "
        "changed there."
    )[:500]


def _holder(connection: Connection, account_id: str) -> Connection | None:
    if not account_id:
        return None
    others = Connection.objects.filter(
        workspace=connection.workspace_id,
        provider=connection.provider,
        remote_account_id=account_id,
    ).exclude(Q(pk=connection.pk) | Q(state=ConnectionState.DISABLED))
    if connection.remote_account_id == account_id:
        others = others.filter(pk__lt=connection.pk)
    return others.order_by("pk").first()
