"""Whose account a connection opens: one connection of a workspace for each account at a vendor."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from crm.models import Workspace
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import AccountInfo, ConnectionReport


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


def replacement_refusal(connection: Connection, report: ConnectionReport) -> str:
    """Why new credentials must not take the place of the stored ones; empty when they may.

    No answer from the vendor is no reason: the old ones may be lost already.
    """
    if report.account is None:
        said = f"{report.message} Nothing was changed; the credentials from before are kept."
        return said if report.is_refused else ""
    holder = _holder(connection, report.account.id[:255])
    if holder is not None:
        return taken_words(connection, report.account, holder)
    now, asked = connection.remote_account_id, report.account.id[:255]
    is_account = connection.declaration.is_account
    if now == asked or not (is_account(now) and is_account(asked)):
        return ""
    return (
        f"That key opens another {connection.provider_name} account "
        f"({report.account.name or asked}) than {connection.name} is connected to "
        f"({connection.remote_account_name or now}). Make a new connection for it. Nothing was "
        "changed; the credentials from before are kept."
    )


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
