"""Takes a page over as a pull would, looks at what that did, and takes it all back.

So a rehearsal cannot decide otherwise than the sync does: there is no second set of rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction

from crm.choices import ChangeAction
from crm.models import Change, Record
from integrations.hub.merge import Plan, plan
from integrations.hub.models import (
    ConflictState,
    LinkState,
    SyncConflict,
    SyncRecord,
)
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.findings import FieldSample, Findings, sample_of
from integrations.hub.sync.links import links_of
from integrations.hub.sync.ours import ours_of, records_load
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.quarantine import AMBIGUOUS, DUPLICATE
from integrations.hub.sync.scene import Scene

SORT_OF_CODE: Final = {AMBIGUOUS: "ambiguous", DUPLICATE: "duplicate"}


def page_try(
    scene: Scene, records: Sequence[RemoteRecord], *, read_at: datetime, found: Findings
) -> None:
    """Add to `found` what taking the page over would do; nothing stays written."""
    with transaction.atomic():
        by_id = {one.id: one for one in records}
        before = set(links_of(scene, by_id))
        page_apply(scene, records, read_at=read_at)
        _Look(scene, by_id, before, found).look()
        transaction.set_rollback(True)


class _Look:
    """One page, as it is in the transaction that will be taken back."""

    def __init__(
        self, scene: Scene, records: Mapping[str, RemoteRecord], before: set[str], found: Findings
    ) -> None:
        self.scene, self.records, self.before, self.found = scene, records, before, found
        self.links = links_of(scene, records)
        self.changes = self._changes()
        self.troubles = quarantine.theirs_kept(scene, self.records)
        self.conflicts = self._conflicts()
        self.ours = records_load(scene, {link.local_id for link in self.links.values()})
        self.marks: list[str] = []

    def look(self) -> None:
        for external_id, record in self.records.items():
            self.found.total += 1
            link = self.links.get(external_id)
            if record.is_deleted:
                self.found.gone += 1
            elif external_id in self.troubles:
                self._in_trouble(external_id)
            elif link is None:
                self.found.later += 1
            elif link.state != LinkState.TOMBSTONE:
                self._linked(record, link)
        # Two on one page meet in the engine itself.
        self.found.meet(self.marks)

    def _in_trouble(self, external_id: str) -> None:
        item = self.troubles[external_id]
        sort = SORT_OF_CODE.get(item.code, "failing")
        self.found.count(sort, sample_of(external_id=external_id, message=item.message))

    def _linked(self, record: RemoteRecord, link: SyncRecord) -> None:
        change = self.changes.get(link.local_id)
        is_created = change is not None and change.action == ChangeAction.CREATED
        mark = self._key(record) if is_created else f"id:{link.local_id}"
        if record.id not in self.before and mark and self._is_double(record, mark):
            return
        self.marks += [mark] if mark else []
        if is_created and change is not None:
            fields = [FieldSample(name, None, pair[1], "theirs") for name, pair in _shown(change)]
            self.found.count("created", sample_of(external_id=record.id, fields=fields))
        else:
            self._pair(record, link, change)

    def _is_double(self, record: RemoteRecord, mark: str) -> bool:
        """An earlier page had one of theirs that is the same of ours; companies share domains."""
        if not self.found.has_met(mark):
            return False
        if self.scene.natural_path == "domain":
            self.found.count("created", None)
        else:
            words = "Another of theirs on an earlier page has the same counterpart here."
            self.found.count("duplicate", sample_of(external_id=record.id, message=words))
        return True

    def _key(self, record: RemoteRecord) -> str:
        value = record.values.get(self.scene.stream.natural_key) if self.scene.natural_path else ""
        return f"key:{str(value).strip().casefold()}" if value else ""

    def _pair(self, record: RemoteRecord, link: SyncRecord, change: Change | None) -> None:
        self.found.matched += 1
        self.found.joined += record.id not in self.before
        ours = self.ours.get(link.local_id)
        planned = self._planned(record, link, ours) if ours is not None else None
        sent = self._sent(planned, record) if planned is not None else []
        updated = [FieldSample(name, pair[0], pair[1], "theirs") for name, pair in _shown(change)]
        if planned is not None and sent:
            updated += self._pulled(planned, ours)
        open_ones = self.conflicts.get(link.pk, []) or self._asked(planned)
        sample = partial(sample_of, external_id=record.id, local_id=link.local_id)
        if updated:
            self.found.count("updated", sample(fields=updated))
        if sent:
            self.found.count("sent", sample(fields=sent))
        if open_ones:
            self.found.count("conflict", sample(fields=open_ones))
        if not (updated or sent or open_ones):
            self.found.unchanged += 1

    def _planned(self, record: RemoteRecord, link: SyncRecord, ours: Record) -> Plan:
        """What is left to do after the page: a pair with something to send is left as it was."""
        base = self.scene.base_of(link)
        return plan(self.scene.fields, ours_of(self.scene, ours), self.scene.theirs(record), base)

    def _sent(self, planned: Plan, record: RemoteRecord) -> list[FieldSample]:
        theirs = self.scene.mapper.theirs(record.values)
        return [
            FieldSample(path, _json(one.ours), _json(theirs.get(path)), "ours")
            for path, one in planned.pushes.items()
        ]

    def _pulled(self, planned: Plan, ours: Record | None) -> list[FieldSample]:
        values = self.scene.mapper.ours(ours) if ours is not None else {}
        return [
            FieldSample(path, _json(values.get(path)), _json(value), "theirs")
            for path, value in planned.pulls.items()
        ]

    def _asked(self, planned: Plan | None) -> list[FieldSample]:
        return [
            FieldSample(one.name, _json(one.ours), _json(one.theirs), "")
            for one in (planned.conflicts if planned else ())
            if one.winner is None
        ]

    def _changes(self) -> dict[int, Change]:
        """What the page wrote of our records; of several changes the first says most."""
        origin = self.scene.origin
        rows = Change.objects.filter(
            workspace_id=self.scene.connection.workspace_id,
            origin_kind=origin.kind,
            origin_id=origin.id,
            record_type=self.scene.stream.record_type,
        )
        return {row.record_id: row for row in rows.order_by("-id")}

    def _conflicts(self) -> dict[int, list[FieldSample]]:
        rows = SyncConflict.objects.filter(
            link__in=[link.pk for link in self.links.values()], state=ConflictState.OPEN
        )
        found: dict[int, list[FieldSample]] = {}
        for row in rows:
            sample = FieldSample(row.field, row.ours, row.theirs, "")
            found.setdefault(row.link_id, []).append(sample)
        return found


def _shown(change: Change | None) -> list[tuple[str, list[Any]]]:
    return list(change.diff.items()) if change is not None else []


def _json(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
