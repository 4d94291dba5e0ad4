"""Hands a chunk's decisions to crm.services: companies first, then the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.models import Account, Contact, Workspace
from crm.services.bulk import records_create, records_update
from crm.services.consent import consents_log
from crm.services.origin import Origin
from imports.engine import Decisions
from imports.working import Shelf


def decisions_write(
    decisions: Decisions, *, workspace: Workspace, origin: Origin
) -> dict[str, int]:
    """Write them in the caller's transaction; returns what happened to companies."""
    accounts = _write(Account, decisions.accounts, {}, workspace=workspace, origin=origin)
    made = _write(Contact, decisions.contacts, accounts, workspace=workspace, origin=origin)
    consents_log(_consents(decisions.contacts, made), source="import", detail=origin.reason)
    return {
        "accounts_created": len(decisions.accounts.new),
        "accounts_updated": len(decisions.accounts.changed),
    }


def _write(
    model: type[Account | Contact],
    shelf: Shelf,
    accounts: Mapping[int, int],
    *,
    workspace: Workspace,
    origin: Origin,
) -> dict[int, int]:
    """Returns the ids of the new records by the refs that stood for them."""
    new, changed = shelf.new, shelf.changed
    rows = [_stored(record.values, accounts) for record in new]
    ids = records_create(model, workspace=workspace, rows=rows, origin=origin)
    updates = [(record.ref, _stored(record.changes, accounts)) for record in changed]
    records_update(model, workspace=workspace, updates=updates, origin=origin)
    return dict(zip((record.ref for record in new), ids, strict=True))


def _consents(shelf: Shelf, made: Mapping[int, int]) -> list[tuple[int, bool]]:
    """What the file said about mail to people, by their ids."""
    return [
        (made.get(record.ref, record.ref), record.changes["email_opt_in"])
        for record in shelf.records.values()
        if record.changes.get("email_opt_in") is not None
    ]


def _stored(values: dict[str, Any], accounts: Mapping[int, int]) -> dict[str, Any]:
    """The values with the real id of a company made just now."""
    account = values.get("account_id")
    if account is not None and account < 0:
        return {**values, "account_id": accounts[account]}
    return values
