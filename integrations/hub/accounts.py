"""Whose account a connection opens: one connection of a workspace for each account at a vendor."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm.models import Workspace
from integrations.hub.models import Connection, ConnectionState, SyncStage, SyncState
from integrations.hub.types import AccountInfo, ConnectionReport


@transaction.atomic
def account_claim(connection: Connection, account: AccountInfo) -> Connection | None:
    """Store whose account it is; the connection that has the account already, if one does.

    A connection that has been connected, whatever its account was called then, loses it to none
    that came later. A new one has to leave it also to one that was disconnected: that one knows
    which records are the same. One that has been at work without the vendor's answer knows more by
    now. Two that claim at once take turns at the workspace.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=connection.workspace_id)
    asked, now = account.id[:255], connection.remote_account_id
    taken = _holder(connection, asked, only_older=bool(now))
    if taken is None and not now and not _has_worked(connection):
        taken = _former_holder(connection, asked)
    is_account = connection.declaration.is_account
    # A key that may not say whose it is must not make us forget the account.
    if taken is None and (is_account(asked) or not is_account(now)):
        connection.remote_account_id = asked
        connection.remote_account_name = account.name[:255]
        connection.save(update_fields=["remote_account_id", "remote_account_name"])
    return taken


def connections_unsure(connection: Connection) -> list[Connection]:
    """Those that may have the account of a new connection and are known by a stand-in only.

    The vendor names accounts in another form today, or the key could not say whose it is then.
    """
    if connection.remote_account_id:
        return []
    others = _others(connection).filter(pk__lt=connection.pk).exclude(remote_account_id="")
    is_account = connection.declaration.is_account
    return [other for other in others.order_by("pk") if not is_account(other.remote_account_id)]


def replacement_refusal(connection: Connection, report: ConnectionReport) -> str:
    """Why new credentials must not take the place of the stored ones; empty when they may.

    No answer from the vendor is no reason: the old ones may be lost already. One that comes back
    after it was disconnected is then taken for what it was.
    """
    if report.is_refused:
        return f"{report.message} Nothing was changed; the credentials from before are kept."
    now, is_back = connection.remote_account_id, connection.state == ConnectionState.DISABLED
    if report.account is None and not is_back:
        return ""
    account = report.account or AccountInfo(now, connection.remote_account_name)
    asked = account.id[:255]
    holder = _holder(connection, asked, only_older=now == asked and not is_back)
    if holder is not None:
        return taken_words(connection, account, holder)
    is_account = connection.declaration.is_account
    if now == asked or not (is_account(now) and is_account(asked)):
        return ""
    return (
        f"That opens another {connection.provider_name} account "
        f"({account.name or asked}) than {connection.name} is connected to "
        f"({connection.remote_account_name or now}). Make a new connection for it. Nothing was "
        "changed; the credentials from before are kept."
    )


def taken_words(connection: Connection, account: AccountInfo, holder: Connection) -> str:
    if holder.state == ConnectionState.DISABLED:
        return (
            f"This {connection.provider_name} account ({account.name or account.id}) was connected "
            f"before, as “{holder.name}”. Connect that one again: its links, mappings and history "
            "are kept."
        )[:500]
    return (
        f"This {connection.provider_name} account ({account.name or account.id}) is connected "
        f"already, as “{holder.name}”. Use that connection, or disconnect it first. Nothing was "
        "changed there."
    )[:500]


def fixed_of(connection: Connection) -> dict[str, Any]:
    """The settings that say which account it is, as they were when the connection was made."""
    fixed = [one.name for one in connection.declaration.settings_fields if one.is_fixed]
    return {name: connection.settings[name] for name in fixed if name in connection.settings}


def _holder(
    connection: Connection, account_id: str, *, only_older: bool = False
) -> Connection | None:
    if not account_id:
        return None
    others = _others(connection).filter(remote_account_id=account_id)
    if only_older:
        others = others.filter(pk__lt=connection.pk)
    return others.order_by("pk").first()


def _former_holder(connection: Connection, account_id: str) -> Connection | None:
    """The one that had the account last and was disconnected."""
    if not account_id:
        return None
    former = _siblings(connection).filter(state=ConnectionState.DISABLED)
    rows = former.filter(remote_account_id=account_id).order_by("-updated_at", "-pk")
    # Two servers of one vendor may each have an account of that id.
    return next((one for one in rows if fixed_of(one) == fixed_of(connection)), None)


def _has_worked(connection: Connection) -> bool:
    """Whether records are linked by it, or may be by now."""
    live = SyncState.objects.filter(connection=connection, stage=SyncStage.LIVE)
    return connection.sync_records.exists() or live.exists()


def _others(connection: Connection) -> QuerySet[Connection]:
    """The workspace's other connections to the same vendor that are not disconnected."""
    return _siblings(connection).exclude(state=ConnectionState.DISABLED)


def _siblings(connection: Connection) -> QuerySet[Connection]:
    others = Connection.objects.exclude(pk=connection.pk)
    return others.filter(workspace=connection.workspace_id, provider=connection.provider)
