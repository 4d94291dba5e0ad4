"""What a provider declares of each kind of record it keeps in step: pages in, batches out.

Plain values and callables; the hub decides what is merged, when, and what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.hub.errors import HubError
from integrations.hub.marks import are_marks_wanted
from integrations.hub.merge import Direction, Rule, Side

if TYPE_CHECKING:
    from crm.models import Record
    from integrations.hub.models import Connection

Json = Mapping[str, Any]

# The hub's own names in `values`, beside the vendor's: the marker of our last write and of our id.
ID_MARKER = "nexa_id"
WRITE_MARKER = "nexa_rev"
# What a link can hold as the vendor's id of a thing.
LONGEST_ID = 255


@dataclass(frozen=True)
class RemoteRecord:
    """One thing at the vendor as read.

    `values` by the vendor's field names; a link to other things is a value too (see Stream.mapping,
    transform `link`). `version` changes with every change of the thing, where the vendor has such
    a word (else empty). `former_ids` are ids of things that were merged into this one. Of one that
    `is_deleted` nothing but the id need be told; `is_erased` when privacy law demanded it.
    """

    id: str
    values: Json = field(default_factory=dict)
    version: str = ""
    modified_at: datetime | None = None
    is_deleted: bool = False
    is_erased: bool = False
    former_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class PullRequest:
    """What the hub asks of one page.

    `since`: only what was modified then or later (the overlap is in it already); None is all there
    is. `cursor` is what the page before answered; None for the first. `fields` are the vendor's
    field names the mapping needs.
    """

    fields: tuple[str, ...]
    since: datetime | None = None
    cursor: Json | None = None


@dataclass(frozen=True)
class Page:
    """Some records, and where the next page begins (JSON; None: this was the last).

    `total` is how many there are in all, where the vendor says so.
    """

    records: Sequence[RemoteRecord]
    cursor: Json | None = None
    total: int | None = None


@dataclass(frozen=True)
class Write:
    """One record to send: changed fields only, by the vendor's names.

    `key` is the same at every try of the same write. `external_id` is None for one to be made;
    `local_id` is what `Stream.id_marker` is set to. `read` is what their record was when it was
    compared (None for one to be made), for vendors that can refuse a write over a newer version.
    """

    key: str
    external_id: str | None
    local_id: str
    values: Json
    read: RemoteRecord | None = None


@dataclass(frozen=True)
class Written:
    """What became of one Write: their record as answered, or why not.

    The record of an answer may hold a part of the fields only. `error`: Rejected, NotFound,
    Forbidden, Exists, NotApplied (the guard refused, nothing was changed) or OutcomeUnknown.
    """

    key: str
    record: RemoteRecord | None = None
    error: HubError | None = None


@dataclass(frozen=True)
class MappingRow:
    """One default row of a stream's mapping; a person may change it on each connection.

    `path` is ours (`account`, `custom.industry`), `external` theirs. `transform` is a list of
    steps, theirs to ours, such as `({"kind": "lower"},)`; see integrations.hub.mapping. A link to
    another record is `({"kind": "link", "name": "<object>"},)`, a person `({"kind": "owner"},)`, a
    choice `({"kind": "picklist", "name": "<ValueMapping name>"},)`, a stage or pipeline
    `({"kind": "reference", "name": "<ValueMapping name>"},)` (ours are ids there).
    """

    path: str
    external: str
    transform: tuple[Json, ...] = ()
    direction: Direction = Direction.BOTH
    rule: Rule = Rule.LAST_WRITE
    rank: int = 0
    is_required: bool = False


@dataclass(frozen=True)
class ValueRow:
    """One default row of a ValueMapping: their word and ours; the first of each of ours is sent."""

    theirs: str
    ours: str
    label: str = ""


@dataclass(frozen=True)
class ExternalField:
    """A field the vendor's records have, for the mapping screen."""

    name: str
    label: str
    kind: str = "text"
    is_read_only: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ExternalUser:
    """A person at the vendor who may own records."""

    id: str
    email: str
    name: str
    is_active: bool = True


@dataclass(frozen=True)
class ExternalStage:
    id: str
    name: str
    probability: int | None = None
    is_won: bool = False
    is_lost: bool = False


@dataclass(frozen=True)
class ExternalPipeline:
    """A pipeline with its stages in order."""

    id: str
    name: str
    stages: tuple[ExternalStage, ...]


@dataclass(frozen=True)
class Stream:
    """One kind of record at the vendor (`object`) and one of ours (`record_type`).

    What it cannot do it leaves None: without `pull` nothing is taken over but what `read` brings,
    without `write` nothing is sent. All callables run outside transactions, call the vendor
    through the hub's session only, and raise HubErrors for what concerns the whole call.

    pull(connection, request) -> Page. Every record must come in some page even when others change
        meanwhile and however many share one time; coming twice is harmless.
    read(connection, ids, fields) -> those of `ids` that exist (also archived ones as
        `is_deleted`, merged ones under their new id with the asked one in `former_ids`), up to
        `read_size` ids; what is left out is gone.
    find(connection, key, values, fields) -> the records whose field `key` holds one of `values`
        (`natural_key` or `id_marker`), up to `read_size` values.
    write(connection, writes) -> one Written for each Write, up to `write_size`, makes and changes
        mixed. A make must be safe to repeat with the same key: by id_marker or natural_key.
    delete(connection, ids): archive at the vendor; one that is gone is no error.
    describe(connection) -> the fields there are.

    `natural_key` is the vendor's field that tells records apart for people (an e-mail address), its
    value in the spelling the mapping gives it. `id_marker` and `write_marker` are fields of the
    vendor for our id and for the key of our last write, empty where there are none (set per
    connection by `markers`, when given: (connection) -> (id_marker, write_marker)). A provider
    with `markers` makes these fields itself, and offers that by the setting `marks_field`.
    `is_guarded`: a write over a version newer than `read` is refused. `is_sorted`: pages come in
    order of modification, so the newest seen is how far we are; else a run counts from its start.
    `depends_on` names objects to pull before. `of` says which of our records of the type belong
    here, as columns and their values, so that they are counted by the database; with None those
    that nobody touches are not looked for. `interval` is the pause between pulls (shortest and
    longest: it grows while nothing changes), `full_interval` between full listings.
    """

    object: str
    record_type: str
    label: str
    mapping: tuple[MappingRow, ...]
    pull: Callable[[Connection, PullRequest], Page] | None = None
    read: Callable[[Connection, Sequence[str], Sequence[str]], Sequence[RemoteRecord]] | None = None
    find: (
        Callable[[Connection, str, Sequence[str], Sequence[str]], Sequence[RemoteRecord]] | None
    ) = None
    write: Callable[[Connection, Sequence[Write]], Sequence[Written]] | None = None
    delete: Callable[[Connection, Sequence[str]], None] | None = None
    describe: Callable[[Connection], Sequence[ExternalField]] | None = None
    markers: Callable[[Connection], tuple[str, str]] | None = None
    direction: Direction = Direction.BOTH
    first: Side = Side.THEIRS
    natural_key: str = ""
    id_marker: str = ""
    write_marker: str = ""
    is_guarded: bool = False
    is_sorted: bool = False
    is_nested: bool = False
    read_size: int = 100
    write_size: int = 1
    depends_on: tuple[str, ...] = ()
    of: Json | None = field(default_factory=dict)
    # What a record that is made here is given besides what the mapping takes over.
    defaults: Json = field(default_factory=dict)
    interval: tuple[timedelta, timedelta] = (timedelta(minutes=5), timedelta(minutes=15))
    full_interval: timedelta = timedelta(days=1)
    overlap: timedelta = timedelta(minutes=2)
    values: Mapping[str, tuple[ValueRow, ...]] = field(default_factory=dict)
    record_url: Callable[[Connection, str], str] | None = None

    def is_for(self, record: Record) -> bool:
        """Whether a record of the type belongs here."""
        return all(getattr(record, name) == value for name, value in (self.of or {}).items())

    def markers_of(self, connection: Connection) -> tuple[str, str]:
        """The vendor's fields for our id and for the key of our last write, on this account."""
        if self.markers is None:
            return self.id_marker, self.write_marker
        return self.markers(connection) if are_marks_wanted(connection) else ("", "")


@dataclass(frozen=True)
class Hint:
    """What a web-hook says of one thing: look at it anew. Safe to be wrong or late.

    `is_deleted` and `is_erased` are believed only after a look, where the stream can look; `record`
    is what the event itself told, used only where the stream cannot look (no `read`).
    """

    object: str
    external_id: str
    is_deleted: bool = False
    is_erased: bool = False
    former_ids: tuple[str, ...] = ()
    record: RemoteRecord | None = None
