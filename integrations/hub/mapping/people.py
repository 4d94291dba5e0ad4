"""Fetches the people of a vendor and finds who they are here, by e-mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.models import Membership
from crm.rules.identity import email_normal
from integrations.hub.mapping.asking import vendor_ask
from integrations.hub.mapping.looking import strangers_look
from integrations.hub.mapping.versions import mapping_bump, mapping_locked, row_values
from integrations.hub.models import Connection, OwnershipMapping
from integrations.hub.streams import ExternalUser


@dataclass(frozen=True)
class PeopleReport:
    """How many people there are at the vendor, and how many of them are somebody here."""

    total: int = 0
    matched: int = 0

    @property
    def words(self) -> str:
        people = "1 person" if self.total == 1 else f"{self.total} people"
        return f"{people} at the vendor, {self.matched} of them matched to members."


def owners_pull(connection: Connection) -> PeopleReport:
    """Fetch the vendor's people and match them to members; a person's own choice stays.

    Those who are gone at the vendor are kept, and given nothing any more. Raises HubError when the
    vendor does not answer; nothing is changed then.
    """
    users = connection.declaration.users
    if users is None:
        return PeopleReport()
    told = vendor_ask(connection, lambda: users(connection))
    with mapping_locked(connection):
        if _store(connection, told):
            mapping_bump(connection)
    rows = OwnershipMapping.objects.filter(connection=connection, is_active=True)
    return PeopleReport(rows.count(), rows.filter(user__isnull=False).count())


def _store(connection: Connection, told: Sequence[ExternalUser]) -> bool:
    """Whether anything that records depend on has changed."""
    members = _members_by_email(connection)
    kept = {row.external_id: row for row in OwnershipMapping.objects.filter(connection=connection)}
    made, changed, has_moved = [], [], False
    for person in {one.id: one for one in told}.values():
        row = kept.pop(person.id, None)
        if row is None:
            made.append(_told(OwnershipMapping(connection=connection), person, members))
            continue
        before = row_values(row)
        after = row_values(_told(row, person, members))
        if before != after:
            changed.append(row)
        has_moved |= any(before[name] != after[name] for name in ("user", "is_active"))
    # Their records may be older than this list.
    strangers_look(connection, [row.external_id for row in (*made, *changed) if row.user_id])
    gone = [row for row in kept.values() if row.is_active]
    for row in gone:
        row.is_active = False
    OwnershipMapping.objects.bulk_create(made)
    OwnershipMapping.objects.bulk_update(
        [*changed, *gone], ["user", "is_active", "external_name", "external_email"], batch_size=500
    )
    return has_moved or bool(made) or bool(gone)


def _told(
    row: OwnershipMapping, person: ExternalUser, members: Mapping[str, int]
) -> OwnershipMapping:
    row.external_id = person.id
    row.external_name = person.name[:255]
    row.external_email = person.email[:254]
    row.is_active = person.is_active
    if row.is_automatic:
        row.user_id = members.get(email_normal(person.email)) if person.email else None
    return row


def _members_by_email(connection: Connection) -> dict[str, int]:
    members = Membership.objects.filter(workspace=connection.workspace_id, user__is_active=True)
    return {email_normal(email): pk for email, pk in members.values_list("user__email", "user_id")}
