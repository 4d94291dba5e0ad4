"""A small CRM in memory whose records are kept in step: people, companies and deals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.hub import registry
from integrations.hub.access import ApiKeyAuth, CredentialField
from integrations.hub.errors import Exists, HubError, NotApplied, NotFound
from integrations.hub.merge import Direction, Rule
from integrations.hub.models import Connection
from integrations.hub.provider import Provider
from integrations.hub.streams import (
    ID_MARKER,
    WRITE_MARKER,
    ExternalField,
    ExternalPipeline,
    ExternalStage,
    ExternalUser,
    MappingRow,
    Page,
    PullRequest,
    RemoteRecord,
    Stream,
    ValueRow,
    Write,
    Written,
)
from integrations.hub.types import AccountInfo

PAGE_SIZE = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Thing:
    """One record at the vendor; `version` and `at` move with every write."""

    id: str
    values: dict[str, Any]
    version: int = 1
    at: datetime = START
    is_deleted: bool = False
    former_ids: tuple[str, ...] = ()

    def told(self, fields: Sequence[str]) -> RemoteRecord:
        return RemoteRecord(
            id=self.id,
            values={name: self.values.get(name, "") for name in fields},
            version=str(self.version),
            modified_at=self.at,
            is_deleted=self.is_deleted,
            former_ids=self.former_ids,
        )


@dataclass
class Vendor:
    """Everything the vendor holds; `calls` counts by what was asked, `refusals` are raised next."""

    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    users: list[ExternalUser] = field(default_factory=list)
    pipelines: list[ExternalPipeline] = field(default_factory=list)
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    refusals: list[HubError] = field(default_factory=list)
    # Called after a write was applied and before it is answered.
    after_write: Callable[[], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    clock: datetime = START
    made: int = 0

    def put(self, object: str, **values: Any) -> Thing:
        """A person at the vendor makes one."""
        with self.lock:
            self.made += 1
            thing = Thing(f"{object[0]}{self.made}", values, at=self.tick())
            self.things.setdefault(object, {})[thing.id] = thing
            return thing

    def change(self, object: str, id: str, **values: Any) -> Thing:
        """A person at the vendor edits one; nothing moves when nothing changes."""
        with self.lock:
            thing = self.things[object][id]
            if any(thing.values.get(name) != value for name, value in values.items()):
                thing.values.update(values)
                thing.version += 1
                thing.at = self.tick()
            return thing

    def remove(self, object: str, id: str) -> None:
        with self.lock:
            self.things[object][id].is_deleted = True
            self.things[object][id].at = self.tick()

    def tick(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def all_of(self, object: str) -> list[Thing]:
        return sorted(self.things.get(object, {}).values(), key=lambda one: (one.at, one.id))

    def asked(self, call: str, object: str, count: int = 1) -> None:
        self.calls.append((call, object, count))
        if self.refusals:
            raise self.refusals.pop(0)

    def count(self, call: str, object: str = "") -> int:
        return sum(1 for one in self.calls if one[0] == call and object in ("", one[1]))


vendor = Vendor()


@dataclass(frozen=True)
class Calls:
    """What a stream of one object declares."""

    object: str
    natural_key: str = ""
    is_guarded: bool = False

    def pull(self, connection: Connection, request: PullRequest) -> Page:
        """In order of modification; each page begins after the last record of the one before."""
        vendor.asked("pull", self.object)
        after = (request.cursor or {}).get("after", ["", ""])
        with vendor.lock:
            things = [
                one
                for one in vendor.all_of(self.object)
                if (request.since is None or one.at >= request.since)
                and [one.at.isoformat(), one.id] > after
            ]
            page = [one.told(request.fields) for one in things[:PAGE_SIZE]]
        if len(things) <= PAGE_SIZE:
            return Page(page)
        last = things[PAGE_SIZE - 1]
        return Page(page, {"after": [last.at.isoformat(), last.id]})

    def read(
        self, connection: Connection, ids: Sequence[str], fields: Sequence[str]
    ) -> Sequence[RemoteRecord]:
        vendor.asked("read", self.object, len(ids))
        with vendor.lock:
            kept = vendor.things.get(self.object, {})
            return [kept[id].told(fields) for id in ids if id in kept]

    def find(
        self, connection: Connection, key: str, values: Sequence[str], fields: Sequence[str]
    ) -> Sequence[RemoteRecord]:
        vendor.asked("find", self.object, len(values))
        with vendor.lock:
            return [
                one.told(fields)
                for one in vendor.all_of(self.object)
                if not one.is_deleted and one.values.get(key) in values
            ]

    def write(self, connection: Connection, writes: Sequence[Write]) -> Sequence[Written]:
        vendor.asked("write", self.object, len(writes))
        with vendor.lock:
            answers = [self._write(one) for one in writes]
        if vendor.after_write is not None:
            vendor.after_write()
        return answers

    def delete(self, connection: Connection, ids: Sequence[str]) -> None:
        vendor.asked("delete", self.object, len(ids))
        for id in ids:
            if id in vendor.things.get(self.object, {}):
                vendor.remove(self.object, id)

    def describe(self, connection: Connection) -> Sequence[ExternalField]:
        vendor.asked("describe", self.object)
        return FIELDS[self.object]

    def _write(self, write: Write) -> Written:
        try:
            thing = self._made(write) if write.external_id is None else self._changed(write)
        except HubError as error:
            return Written(write.key, error=error)
        return Written(write.key, record=thing.told(tuple(thing.values)))

    def _made(self, write: Write) -> Thing:
        for one in vendor.all_of(self.object):
            if one.is_deleted:
                continue
            if one.values.get(ID_MARKER) == write.local_id:
                return vendor.change(self.object, one.id, **write.values)
            key = write.values.get(self.natural_key) if self.natural_key else None
            if key and one.values.get(self.natural_key) == key:
                raise Exists(f"{key} is there already.", external_id=one.id)
        return vendor.put(self.object, **write.values)

    def _changed(self, write: Write) -> Thing:
        thing = vendor.things.get(self.object, {}).get(str(write.external_id))
        if thing is None or thing.is_deleted:
            raise NotFound(f"There is no {self.object} {write.external_id}.")
        if self.is_guarded and write.read is not None and write.read.version != str(thing.version):
            raise NotApplied("It has changed meanwhile.")
        return vendor.change(self.object, thing.id, **write.values)


FIELDS = {
    "person": (
        ExternalField("firstname", "First name"),
        ExternalField("lastname", "Last name"),
        ExternalField("email", "E-mail"),
        ExternalField("phone", "Phone"),
        ExternalField("stage", "Stage", choices=(("l", "Lead"), ("c", "Customer"))),
        ExternalField("company_id", "Company"),
        ExternalField("company_name", "Company name"),
        ExternalField("title", "Title"),
        ExternalField("owner_id", "Owner"),
        ExternalField("origin", "Origin"),
        ExternalField("created", "Made", is_read_only=True),
    ),
    "company": (ExternalField("name", "Name"), ExternalField("domain", "Domain")),
    "deal": (
        ExternalField("name", "Name"),
        ExternalField("amount", "Amount"),
        ExternalField("pipeline", "Pipeline"),
        ExternalField("stage", "Stage"),
    ),
}


def stream_of(calls: Calls, **declared: Any) -> Stream:
    return Stream(
        object=calls.object,
        pull=calls.pull,
        read=calls.read,
        find=calls.find,
        write=calls.write,
        delete=calls.delete,
        describe=calls.describe,
        natural_key=calls.natural_key,
        is_guarded=calls.is_guarded,
        id_marker=ID_MARKER,
        write_marker=WRITE_MARKER,
        is_sorted=True,
        write_size=100,
        record_url=lambda connection, id: f"https://app.pocket.test/{calls.object}/{id}",
        **declared,
    )


COMPANIES = stream_of(
    Calls("company", "domain"),
    record_type="account",
    label="Companies",
    mapping=(
        MappingRow("name", "name", is_required=True),
        MappingRow("domain", "domain", ({"kind": "lower"},)),
    ),
)
PEOPLE = stream_of(
    Calls("person", "email"),
    record_type="contact",
    label="People",
    mapping=(
        MappingRow("first_name", "firstname"),
        MappingRow("last_name", "lastname"),
        MappingRow("email", "email", ({"kind": "lower"},)),
        MappingRow("phone", "phone", ({"kind": "phone_format"},)),
        MappingRow("lifecycle", "stage", ({"kind": "picklist", "name": "lifecycle"},)),
        MappingRow("account", "company_id", ({"kind": "link", "name": "company"},)),
        MappingRow("account.name", "company_name", direction=Direction.PUSH),
        MappingRow("owner", "owner_id", ({"kind": "owner"},)),
        MappingRow("title", "title", rule=Rule.MANUAL),
    ),
    depends_on=("company",),
    values={
        "lifecycle": (
            ValueRow("l", "lead", "Lead"),
            ValueRow("m", "lead", "Maybe"),
            ValueRow("c", "customer", "Customer"),
        )
    },
)
DEALS = stream_of(
    Calls("deal"),
    record_type="deal",
    label="Deals",
    mapping=(
        MappingRow("name", "name", is_required=True),
        MappingRow("amount", "amount", ({"kind": "number"},)),
        MappingRow("pipeline", "pipeline", ({"kind": "reference", "name": "pipeline"},)),
        MappingRow("stage", "stage", ({"kind": "reference", "name": "stage"},)),
    ),
)


def account_info(connection: Connection) -> AccountInfo:
    return AccountInfo("pocket-1", "Pocket Ltd")


def users(connection: Connection) -> Sequence[ExternalUser]:
    vendor.asked("users", "")
    return list(vendor.users)


def pipelines(connection: Connection) -> Sequence[ExternalPipeline]:
    vendor.asked("pipelines", "")
    return list(vendor.pipelines)


provider = Provider(
    id="pocket",
    name="Pocket",
    summary="Keeps people, companies and deals in step.",
    auth=ApiKeyAuth(fields=(CredentialField("api_key", "API key"),)),
    check=account_info,
    hosts=("api.pocket.test",),
    streams=(COMPANIES, PEOPLE, DEALS),
    users=users,
    pipelines=pipelines,
)

PIPELINE = ExternalPipeline(
    "p1",
    "Sales",
    (
        ExternalStage("s1", "New", 10),
        ExternalStage("s2", "Talks", 40),
        ExternalStage("s3", "Closed won", 100, is_won=True),
    ),
)


@contextmanager
def installed() -> Iterator[Vendor]:
    """The provider in the registry, its vendor empty."""
    fresh = Vendor()
    vendor.__dict__.update(fresh.__dict__)
    registry.add(provider)
    try:
        yield vendor
    finally:
        registry.remove("pocket")
