"""Our side of pairs, read set by set: links, records, open writes and people's decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Now

from crm.models import Change, Record
from integrations.hub.merge import Decision, Intent, Ours, Sent, Side
from integrations.hub.merge.turns import State
from integrations.hub.models import (
    ConflictState,
    FieldMapping,
    IntentOutcome,
    SyncConflict,
    SyncRecord,
    WriteIntent,
)
from integrations.hub.sync.scene import Scene

# How long a write that was looked for in vain may still land at the vendor.
LATE: Final = timedelta(minutes=10)
SYNC: Final = "sync"


@dataclass(frozen=True)
class Pair:
    """A link with its record, as loaded."""

    link: SyncRecord
    record: Record


class LastWrites:
    """Who wrote each field of one record last, and when; asked of the ledger only in a clash."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @cached_property
    def rows(self) -> dict[str, Change]:
        """By field, as the ledger names them; the newest few hundred changes say enough."""
        changes = Change.objects.filter(
            workspace_id=self._record.workspace_id,
            record_type=self._record._meta.model_name,
            record_id=self._record.pk,
        ).order_by("-id")
        found: dict[str, Change] = {}
        for change in changes[:300]:
            for name in change.diff:
                found.setdefault(name, change)
        return found

    @cached_property
    def ranks(self) -> dict[int, dict[str, int]]:
        """The ranks of the connections that wrote, by connection and path."""
        ids = {_connection_id(change) for change in self.rows.values()} - {None}
        found: dict[int, dict[str, int]] = defaultdict(dict)
        for row in FieldMapping.objects.filter(connection__in=ids, is_enabled=True):
            found[row.connection_id][row.path] = row.rank
        return found


class ChangedAt(Mapping[str, datetime]):
    """When each field got its value; looked up when asked."""

    def __init__(self, writes: LastWrites) -> None:
        self._writes = writes

    def __getitem__(self, path: str) -> datetime:
        return self._writes.rows[path].at

    def __iter__(self) -> Iterator[str]:
        return iter(self._writes.rows)

    def __len__(self) -> int:
        return len(self._writes.rows)


class Ranks(Mapping[str, int]):
    """The rank of each field's last source; of a person's edit it is that of the highest."""

    def __init__(self, writes: LastWrites) -> None:
        self._writes = writes

    def __getitem__(self, path: str) -> int:
        source = _connection_id(self._writes.rows[path])
        if source is None:
            return PERSON_RANK
        return self._writes.ranks[source].get(path, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._writes.rows)

    def __len__(self) -> int:
        return len(self._writes.rows)


# What a person typed here outranks every system.
PERSON_RANK: Final = 32767


def _connection_id(change: Change) -> int | None:
    if change.origin_kind != "connection":
        return None
    number = change.origin_id.partition(":")[0]
    return int(number) if number.isdecimal() else None


def pairs_load(scene: Scene, link_ids: Collection[int]) -> dict[int, Pair]:
    """By link; those whose link or record is gone are left out."""
    links = {row.pk: row for row in SyncRecord.objects.filter(pk__in=list(link_ids))}
    records = records_load(scene, {link.local_id for link in links.values()})
    return {
        pk: Pair(link, records[link.local_id])
        for pk, link in links.items()
        if link.local_id in records
    }


def records_load(scene: Scene, ids: Collection[int]) -> dict[int, Record]:
    """Ours by id, with what the mapping looks at, and the tables filled for them."""
    rows = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, pk__in=list(ids)
    ).order_by("pk")
    related = scene.mapper.related
    found = {row.pk: row for row in (rows.select_related(*related) if related else rows)}
    scene.tables.prefetch_ours(scene.mapper, list(found.values()))
    return found


def states_of(scene: Scene, pairs: Mapping[int, Pair]) -> dict[int, State]:
    """What the merge needs of our side, by link."""
    intents = _intents(scene, pairs)
    decisions = _decisions(pairs)
    return {
        pk: State(
            external_id=pair.link.external_id,
            ours=ours_of(scene, pair.record),
            base=scene.base_of(pair.link),
            intents=intents[pk],
            decisions=decisions[pk],
            folded_at=pair.link.folded_at,
        )
        for pk, pair in pairs.items()
    }


def ours_of(scene: Scene, record: Record) -> Ours:
    writes = LastWrites(record)
    return Ours(
        values=scene.mapper.ours(record),
        version=record.version,
        changed_at=ChangedAt(writes),
        ranks=Ranks(writes),
    )


def _intents(scene: Scene, pairs: Mapping[int, Pair]) -> dict[int, list[Intent]]:
    """Writes of unknown outcome, oldest first; one looked for in vain counts for some minutes."""
    rows = WriteIntent.objects.filter(
        Q(looked_at=None) | Q(looked_at__gt=Now() - LATE),
        link__in=list(pairs),
        kind=SYNC,
        outcome=IntentOutcome.UNKNOWN,
    ).order_by("pk")
    found: dict[int, list[Intent]] = defaultdict(list)
    for row in rows:
        if row.link_id is not None:
            found[row.link_id].append(intent_of(scene, row))
    return found


def intent_of(scene: Scene, row: WriteIntent) -> Intent:
    """What was sent, without fields seen to land and those that are mapped to others by now."""
    body: dict[str, list[Any]] = row.body["fields"]
    sent = scene.mapper.still_meant(body, row.body.get("mapping_version", 0))
    names = row.progress.get("unseen", list(sent))
    fields = {name: Sent(*sent[name]) for name in names if name in sent}
    return Intent(row.uid.hex, fields, is_open=row.looked_at is None)


def _decisions(pairs: Mapping[int, Pair]) -> dict[int, dict[str, Decision]]:
    rows = SyncConflict.objects.filter(link__in=list(pairs), state=ConflictState.DECIDED)
    found: dict[int, dict[str, Decision]] = defaultdict(dict)
    for row in rows:
        found[row.link_id][row.field] = Decision(Side(row.winner), row.ours, row.theirs)
    return found
