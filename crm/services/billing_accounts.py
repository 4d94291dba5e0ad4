"""Finds and locks the account a billing fact is about."""

from __future__ import annotations

from crm.models import Account, Workspace
from crm.services.errors import WrongWorkspace


def account_locked(workspace: Workspace, account_id: int | None) -> Account | None:
    """The account, locked until the transaction ends; None when the fact names none.

    Raises WrongWorkspace when the workspace has no such account.
    """
    if account_id is None:
        return None
    account = (
        Account.objects.select_related("workspace", "csm", "owner")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=account_id, workspace=workspace)
        .first()
    )
    if account is None:
        raise WrongWorkspace(f"Account {account_id} is not of this workspace.")
    return account
