"""What the mapping looks up in the database, for a batch: links, people and lists of values.

Filled set-based before the batch is translated; a value that was not foreseen is looked up alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.db.models import Q

from crm.choices import Role
from crm.models import Membership, Record
from integrations.hub.mapping.lookups import Fate, Link, People
from integrations.hub.mapping.mapper import DataMapper, Row
from integrations.hub.mapping.paths import ours_read, theirs_read
from integrations.hub.merge.types import BLANK
from integrations.hub.models import (
    ENDED_THERE,
    Connection,
    LinkState,
    OwnershipMapping,
    SyncRecord,
    ValueMapping,
)
from integrations.hub.streams import RemoteRecord

# After a deletion: lists lag, a write of ours is answered, and a vendor takes its time to clear.
DROPPED_WITHIN: Final = timedelta(minutes=10)
ADMINS: Final = (Role.ADMIN, Role.OWNER)


@dataclass
class Links:
    """The links of one object, as far as the batch needs them; a LinkTable."""

    connection_id: int
    object: str
    record_type: str
    _ours: dict[str, int | None] = field(default_factory=dict)
    _theirs: dict[int, str | None] = field(default_factory=dict)
    _fates: dict[str, Fate] = field(default_factory=dict)
    _away: dict[str, datetime] = field(default_factory=dict)

    def ours_of(self, external_id: str) -> int | None:
        if external_id not in self._ours:
            self.load(external_ids={external_id})
        return self._ours[external_id]

    def theirs_of(self, local_id: int) -> str | None:
        if local_id not in self._theirs:
            self.load(local_ids={local_id})
        return self._theirs[local_id]

    def fate_of(self, external_id: str) -> Fate:
        """Of a thing that was linked; one whose link moved on, as by a merge, is there."""
        self.fates_load({external_id})
        return self._fates[external_id]

    def fates_load(self, external_ids: Collection[str]) -> None:
        """One query for those not known yet; many records may have led to one thing."""
        wanted = set(external_ids) - self._fates.keys()
        if not wanted:
            return
        self._fates |= dict.fromkeys(wanted, Fate.THERE)
        links = SyncRecord.objects.filter(
            connection_id=self.connection_id, object=self.object, external_id__in=wanted
        )
        ended = Q(state=LinkState.TOMBSTONE, reason__in=ENDED_THERE)
        for link in links.filter(ended | Q(gone_at__isnull=False) | Q(away_at__isnull=False)):
            self._fates[link.external_id] = _fate(link)
            if link.away_at is not None:
                self._away[link.external_id] = link.away_at

    def was_away_after(self, external_id: str, at: datetime) -> bool:
        """Whether the vendor has said since then that the thing is not there.

        Or shortly before: what is dropped with a thing may show later than its deletion.
        """
        self.fates_load({external_id})
        away_at = self._away.get(external_id)
        return away_at is not None and away_at + DROPPED_WITHIN > at

    def fates_doubt(self, external_ids: Collection[str]) -> None:
        """Nobody can say now; what led to these stays as it is till then."""
        self._fates |= dict.fromkeys(external_ids, Fate.DOUBTED)

    def fates_learn(self, asked: Collection[str], absent: Collection[str]) -> None:
        """What the vendor has answered of these now; it counts also where no link could say it."""
        for one in asked:
            self._fates.pop(one, None)
        self.fates_load(asked)
        self._fates |= dict.fromkeys(absent, Fate.GONE)

    def load(self, *, external_ids: Iterable[str] = (), local_ids: Iterable[int] = ()) -> None:
        """One query for those not known yet, none when all are."""
        wanted = set(external_ids) - self._ours.keys()
        wanted_ours = set(local_ids) - self._theirs.keys()
        self._ours |= dict.fromkeys(wanted)
        self._theirs |= dict.fromkeys(wanted_ours)
        if wanted or wanted_ours:
            for external_id, local_id in self._stored(wanted, wanted_ours):
                self.learn(external_id, local_id)

    def _stored(self, external_ids: set[str], local_ids: set[int]) -> Iterable[tuple[str, int]]:
        """By either id; a union, for each half has its own index."""
        links = SyncRecord.objects.filter(connection_id=self.connection_id, object=self.object)
        living = links.exclude(state=LinkState.TOMBSTONE).values_list("external_id", "local_id")
        theirs = living.filter(external_id__in=external_ids)
        ours = living.filter(local_id__in=local_ids)
        return (
            theirs.union(ours) if external_ids and local_ids else theirs if external_ids else ours
        )

    def forget(self) -> None:
        self._ours.clear()
        self._theirs.clear()
        self._fates.clear()
        self._away.clear()

    def learn(self, external_id: str, local_id: int) -> None:
        """A link that was made since the table was filled."""
        self._ours[external_id], self._theirs[local_id] = local_id, external_id


class Tables:
    """The tables of one connection for one batch, or for one turn of pages.

    People and values are of one moment, as the mapping is; links are to be forgotten after each.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._links: dict[str, Links] = {}

    def links(self, object: str) -> Links:
        """The links of one object; filled by the two methods below."""
        if object not in self._links:
            stream = self.connection.declaration.stream(object)
            record_type = stream.record_type if stream else object
            self._links[object] = Links(self.connection.pk, object, record_type)
        return self._links[object]

    def links_forget(self) -> None:
        """Others make links as well, and undo them."""
        for links in self._links.values():
            links.forget()

    def prefetch_theirs(self, mapper: DataMapper, records: Sequence[RemoteRecord]) -> None:
        """Look up what these records of theirs are linked to: one query a linked object."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for row, link in _linked(mapper.rows):
            read = (theirs_read(record.values, row.external) for record in records)
            wanted[link.name] |= {str(value).strip() for value in read if _is_one(value)}
        for object, ids in wanted.items():
            self.links(object).load(external_ids=ids)

    def prefetch_ours(self, mapper: DataMapper, records: Sequence[Record]) -> None:
        """Look up what these records of ours are linked to: one query a linked object."""
        wanted: dict[str, set[int]] = defaultdict(set)
        for row, link in _linked(mapper.rows):
            read = (ours_read(record, row.path) for record in records)
            wanted[link.name] |= {value for value in read if isinstance(value, int)}
        for object, ids in wanted.items():
            self.links(object).load(local_ids=ids)

    @cached_property
    def people(self) -> People:
        """Who is who; only people who may own records here now."""
        members = list(_members(self.connection))
        may_own = {member.user_id for member in members}
        users: dict[str, int] = {}
        externals: dict[int, str] = {}
        matched = OwnershipMapping.objects.filter(connection=self.connection, user__in=may_own)
        # The person's own choice before what was found by e-mail; then as it always was.
        for external_id, user_id, is_active in matched.order_by("is_automatic", "pk").values_list(
            "external_id", "user__pk", "is_active"
        ):
            users[external_id] = user_id
            if is_active:
                externals.setdefault(user_id, external_id)
        return People(users, externals, _fallback(self.connection, members))

    @cached_property
    def values(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """The lists of values by name: theirs and ours, in order; those without ours left out."""
        lists: dict[str, list[tuple[str, str]]] = defaultdict(list)
        rows = ValueMapping.objects.filter(connection=self.connection).exclude(ours="")
        for name, theirs, ours in rows.order_by("name", "order", "pk").values_list(
            "name", "theirs", "ours"
        ):
            lists[name].append((theirs, ours))
        return {name: tuple(pairs) for name, pairs in lists.items()}


def _fate(link: SyncRecord) -> Fate:
    if link.state == LinkState.TOMBSTONE:
        return Fate.GONE if link.reason in ENDED_THERE or link.gone_at else Fate.THERE
    if link.gone_at is None:
        return Fate.THERE
    return Fate.GONE if link.away_at and link.away_at >= link.gone_at else Fate.DOUBTED


def _members(connection: Connection) -> Iterable[Membership]:
    members = Membership.objects.filter(workspace=connection.workspace_id, user__is_active=True)
    return members.order_by("pk")


def _fallback(connection: Connection, members: Sequence[Membership]) -> int | None:
    """Who gets the records of strangers: the one chosen for it, else the first admin."""
    if connection.unmapped_owner_id in {member.user_id for member in members}:
        return connection.unmapped_owner_id
    return next((member.user_id for member in members if member.role in ADMINS), None)


def _linked(rows: Iterable[Row]) -> Iterable[tuple[Row, Link]]:
    for row in rows:
        first, last = row.chain.steps[0], row.chain.steps[-1]
        if isinstance(first, Link) and first is last:
            yield row, first


def _is_one(value: Any) -> bool:
    return value not in BLANK and not isinstance(value, list | tuple | dict)
