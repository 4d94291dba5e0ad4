"""Where a write comes from; every service takes one and the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from crm.choices import OriginKind
from crm.models import User

# Who may be asked for what is missing, unlike a vendor or a file.
PEOPLE = (OriginKind.USER, OriginKind.API)


@dataclass(frozen=True)
class Origin:
    """Who or what writes: `id` names the import job, connection, rule or command."""

    kind: OriginKind
    id: str = ""
    actor: User | None = None
    reason: str = ""


def by_user(user: User, reason: str = "") -> Origin:
    return Origin(OriginKind.USER, str(user.pk), user, reason)


def by_api(user: User) -> Origin:
    return Origin(OriginKind.API, str(user.pk), user)


def by_rule(name: str, reason: str) -> Origin:
    """A rule of crm.rules moved a number; `reason` names the event that made it."""
    return Origin(OriginKind.RULE, name, reason=reason)
