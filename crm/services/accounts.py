"""Writes accounts; their health and billing fields are moved by rules (see billing, health)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.models import Account, Workspace
from crm.rules.identity import domain_normal
from crm.services.origin import Origin
from crm.services.records import record_archive, record_create, record_restore, record_update


def account_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Account:
    """Create an account; a domain is read from the website when none is given."""
    values = account_values_of_new(values)
    return record_create(Account, workspace=workspace, values=values, origin=origin)


def account_update(
    account: Account,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Account:
    return record_update(
        account, values=account_values(values), origin=origin, expected_version=expected_version
    )


def account_archive(account: Account, *, origin: Origin) -> Account:
    return record_archive(account, origin=origin)


def account_restore(account: Account, *, origin: Origin) -> Account:
    return record_restore(account, origin=origin)


def account_values_of_new(values: Mapping[str, Any]) -> dict[str, Any]:
    """As account_values, with the domain of the website when none is given."""
    values = account_values(values)
    if not values.get("domain") and values.get("website"):
        values["domain"] = domain_normal(str(values["website"]))
    return values


def account_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write a domain the one way it is compared: `https://www.Acme.com/` is `acme.com`."""
    values = dict(values)
    if values.get("domain"):
        values["domain"] = domain_normal(str(values["domain"]))
    return values
