"""Writes batches of up to 100 records: links, then properties with the mark of the write.

The mark (`nexa_rev`) says that all of a write has landed, so it is never there before the links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from integrations.hub.errors import HubError, OutcomeUnknown
from integrations.hub.models import Connection
from integrations.hub.streams import Write, Written
from integrations.hubspot.batching import Outcome, rows_send
from integrations.hubspot.calls import client_of, reader, zone
from integrations.hubspot.client import BatchInput, BatchResult, Client, Link, RemoteObject
from integrations.hubspot.kinds import LINK, NEXA_ID, NEXA_REV, Kind
from integrations.hubspot.lifecycle import stages_move_back, stuck_rows
from integrations.hubspot.linking import LinkChange, links_write
from integrations.hubspot.translate import Sent, sent_of

BatchCall = Callable[[str, Sequence[BatchInput]], BatchResult]


def write(connection: Connection, kind: Kind, writes: Sequence[Write]) -> list[Written]:
    """One outcome for each; may be repeated with the same writes."""
    return _Batch(connection, kind, writes).run()


def delete(connection: Connection, kind: Kind, ids: Sequence[str]) -> None:
    """To HubSpot's recycle bin for 90 days; those that are gone already are no error."""
    client_of(connection).objects_archive(kind.name, list(dict.fromkeys(ids)))


@dataclass(frozen=True)
class _Row:
    """One write as it is sent."""

    write: Write
    sent: Sent

    @property
    def trace(self) -> str:
        return self.write.key

    @property
    def is_linked(self) -> bool:
        return any(self.sent.links.values())

    def changed(self, *, is_marked: bool = True) -> BatchInput:
        properties = dict(self.sent.properties)
        if not is_marked:
            properties.pop(NEXA_REV, None)
        return BatchInput(properties, self.write.external_id or "", trace=self.trace)

    def marked_make(self) -> BatchInput:
        """By our id, so that a repeat finds what the first try made."""
        properties = dict(self.sent.properties)
        identifier = properties.pop(NEXA_ID)
        if self.is_linked:
            properties.pop(NEXA_REV, None)
        return BatchInput(properties, identifier, NEXA_ID, self.trace)

    def plain_make(self, kind: Kind) -> BatchInput:
        """Where HubSpot keeps no id of ours, its own unique values alone keep a second one away."""
        links = [Link(to_id, kind.links[to]) for to, to_id in self.sent.links.items() if to_id]
        return BatchInput(self.sent.properties, trace=self.trace, links=tuple(links))

    def link_changes(self, identifier: str) -> list[LinkChange]:
        return [
            LinkChange(self.trace, identifier, to, target, self._before(to))
            for to, target in self.sent.links.items()
        ]

    def _before(self, to: str) -> str | None:
        if self.write.external_id is None:
            return ""
        read = self.write.read
        return str(read.values.get(LINK + to) or "") if read else None


class _Batch:
    """The writes of one call, what became of each, and of which only a part may be written."""

    def __init__(self, connection: Connection, kind: Kind, writes: Sequence[Write]) -> None:
        self.connection, self.kind = connection, kind
        self.client: Client = client_of(connection)
        here = zone(connection)
        self.rows = [
            _Row(one, sent_of(kind, one.values, is_new=one.external_id is None, zone=here))
            for one in writes
        ]
        self.told: dict[str, Outcome] = {}
        self.half: set[str] = set()

    def run(self) -> list[Written]:
        try:
            self._changes([row for row in self.rows if row.write.external_id is not None])
            self._makes([row for row in self.rows if row.write.external_id is None])
        except HubError as error:
            if not self.told and not self.half:
                raise
            self._broken_off(error)
        return [self._written(row) for row in self.rows]

    def _changes(self, rows: Sequence[_Row]) -> None:
        refused = self._linked(row for row in rows if row.sent.links)
        inputs = [row.changed(is_marked=row.trace not in refused) for row in rows]
        self._send(self.client.objects_update, [one for one in inputs if one.properties])
        for row in rows:
            # A record that has links to write only has nothing to answer.
            self.told.setdefault(row.trace, RemoteObject(row.write.external_id or "", {}, "", ""))
        self._refuse(refused)
        self.half.clear()
        self._stages_mend(inputs)

    def _stages_mend(self, inputs: Sequence[BatchInput]) -> None:
        stuck = stuck_rows(inputs, self.told)
        self.half = {row.trace for row, _ in stuck}
        update = partial(self.client.objects_update, self.kind.name)
        stages_move_back(update, stuck, self.told)
        self.half.clear()

    def _makes(self, rows: Sequence[_Row]) -> None:
        marked = [row for row in rows if NEXA_ID in row.sent.properties]
        plain = [row for row in rows if NEXA_ID not in row.sent.properties]
        self._send(self.client.objects_create, [row.plain_make(self.kind) for row in plain])
        self.half = {row.trace for row in marked if row.is_linked}
        self._send(self.client.objects_upsert, [row.marked_make() for row in marked])
        linked = [row for row in marked if row.is_linked and self._id(row)]
        refused = self._linked(linked)
        self._mark([row for row in linked if row.trace not in refused])
        self._refuse(refused)
        self.half.clear()

    def _mark(self, rows: Sequence[_Row]) -> None:
        """Now that the links are there too."""
        inputs = [
            BatchInput({NEXA_REV: row.sent.properties[NEXA_REV]}, self._id(row), trace=row.trace)
            for row in rows
            if NEXA_REV in row.sent.properties
        ]
        self._send(self.client.objects_update, inputs)

    def _id(self, row: _Row) -> str:
        found = self.told.get(row.trace)
        return found.id if isinstance(found, RemoteObject) else row.write.external_id or ""

    def _linked(self, rows: Iterable[_Row]) -> Mapping[str, HubError]:
        """What was refused, by row; the others are linked."""
        changes = [change for row in rows for change in row.link_changes(self._id(row))]
        self.half |= {change.trace for change in changes}
        return links_write(self.client, self.kind, changes)

    def _send(self, call: BatchCall, inputs: Sequence[BatchInput]) -> None:
        rows_send(partial(call, self.kind.name), inputs, self.told)

    def _refuse(self, refused: Mapping[str, HubError]) -> None:
        for trace, error in refused.items():
            if isinstance(self.told.get(trace), RemoteObject):
                self.told[trace] = error

    def _broken_off(self, error: HubError) -> None:
        """What HubSpot has not got is that error's; what it has in part is looked at again."""
        for row in self.rows:
            if row.trace in self.half:
                words = f"Broken off half-way: {error}"
                self.told[row.trace] = OutcomeUnknown(words, cause=error)
            elif row.trace not in self.told:
                self.told[row.trace] = error

    def _written(self, row: _Row) -> Written:
        outcome = self.told[row.trace]
        if isinstance(outcome, HubError):
            return Written(row.write.key, error=outcome)
        reading = reader(self.connection, self.kind, tuple(row.write.values))
        return Written(row.write.key, record=reading.answered(outcome, row.sent.links))
