"""What the cursor machine acts on: one stream that is only pulled, and a vendor with bad habits.

Changes of one time, changes that show late, pages that change while they are read. Time is moved,
not slept: everything that is compared with the present is as much earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any, NamedTuple

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now

from crm.models import Contact, Workspace
from integrations.hub import registry
from integrations.hub.errors import Conflict
from integrations.hub.models import SyncRecord, SyncState
from integrations.hub.streams import MappingRow
from integrations.hub.sync import pulls
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.steering import by_operator, cursor_rewind
from tests.integrations.hub.cursors.vendor import ListingVendor, stamp
from tests.integrations.hub.engine.clearing import cleared, time_moved
from tests.integrations.hub.engine.life import Crash, Life
from tests.integrations.hub.engine.provider import provider_with
from tests.integrations.hub.mirror import mirror_connection, stream_of
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_tables import Thing
from tests.integrations.hub.mirror_vendor import Trouble, retry_after

OBJECT = "people"
ROWS = (MappingRow("email", "email", ({"kind": "lower"},)), MappingRow("title", "title"))
TROUBLES = {
    "lost": Trouble(is_lost=True),
    "broken": Trouble(status=500),
    "refused": Trouble(status=422),
    "limited": retry_after("", 30),
}
# As late as the last change, however long ago that was.
SAME = -1
# Beyond this a run of so few things goes round in circles.
MOST_TURNS = 12


@dataclass(frozen=True)
class Config:
    """How the vendor lists, and what the stream says of it."""

    is_sorted: bool = True
    page_size: int = 2
    overlap: int = 120
    # What its times are rounded down to, in seconds.
    resolution: float = 1

    @property
    def latest(self) -> float:
        """How late a change may show in listings, in seconds, so that it is still promised."""
        return max(0.0, self.overlap - self.resolution - 1)


class Place(NamedTuple):
    """How far the stream is."""

    cursor: dict[str, str] | None
    run_cursor: dict[str, Any] | None
    is_full_wanted: bool


@dataclass
class World:
    """One stream, its vendor's changes, and what goes wrong at the next calls (`script`)."""

    workspace: Workspace
    config: Config
    vendor: ListingVendor = field(default_factory=ListingVendor)
    script: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    changes: int = 0
    last_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    is_overtaken: bool = False
    life: Life = field(default_factory=partial(Life, 0))

    def begin(self) -> None:
        registry.remove("mirror")
        registry.add(provider_with(stream_of(OBJECT, "contact", ROWS, self.shape)))
        self.vendor.rules.page_size = self.config.page_size
        self.vendor.is_sorted = self.config.is_sorted
        self.vendor.always = self._meet
        self.connection = mirror_connection(self.workspace)
        # Only what is pulled counts here, and the daily whole listing must mend nothing.
        self.state_write(direction="pull", full_interval_seconds=10**8)

    @property
    def shape(self) -> Shape:
        return Shape(
            is_sorted=self.config.is_sorted,
            overlap_seconds=self.config.overlap,
            can_read=False,
            can_write=False,
            can_find=False,
        )

    def end(self) -> None:
        registry.remove("mirror")
        cleared()

    # --- The vendor's people ------------------------------------------------------------------

    def add(self, count: int, late: int = 0) -> None:
        for _ in range(count):
            self.changes += 1
            values = {"email": f"p{self.changes}@x.test", "title": f"v{self.changes}"}
            self._date(self.vendor.get(OBJECT, self.vendor.add(OBJECT, **values)), late)

    def change(self, number: int, late: int = 0) -> None:
        things = list(self.vendor.tables.things[OBJECT].values())
        if things:
            self.changes += 1
            one = things[number % len(things)]
            before = one.modified_at
            self.vendor.edit(OBJECT, one.id, title=f"v{self.changes}")
            self._date(one, late)
            # A change shows late, but no thing was written before it was.
            one.modified_at = max(one.modified_at, before)
            self.last_at = max(self.last_at, one.modified_at)

    def _date(self, thing: Thing, late: int) -> None:
        """It shows only now, and says that it was a while ago (SAME: when the last one was)."""
        now = database_now()
        at = now - timedelta(seconds=min(max(late, 0), self.config.latest))
        at -= (at - datetime(2000, 1, 1, tzinfo=UTC)) % timedelta(seconds=self.config.resolution)
        if late == SAME and self._is_promised(now):
            at = self.last_at
        thing.modified_at = at
        self.last_at = max(self.last_at, at)

    def _is_promised(self, now: datetime) -> bool:
        """Whether what shows only now may say that it is as old as the last change."""
        if now - self.last_at <= timedelta(seconds=self.config.latest):
            return True
        # In order of time nothing is passed over before the time itself is.
        place = self.place
        is_full = place.is_full_wanted or (place.run_cursor or {}).get("is_full", True)
        at = datetime.fromisoformat((place.cursor or {"at": stamp(now)})["at"])
        return self.config.is_sorted and not is_full and at <= self.last_at

    # --- The engine ---------------------------------------------------------------------------

    @property
    def state(self) -> SyncState:
        return SyncState.objects.select_related("connection__workspace").get()

    @property
    def place(self) -> Place:
        """Asked for at each step, so without all that belongs to a stream."""
        return Place(*SyncState.objects.values_list("cursor", "run_cursor", "is_full_wanted").get())

    def state_write(self, **values: Any) -> None:
        SyncState.objects.update(**values)

    def pull(self, *, is_one_page: bool = False) -> None:
        self.state_write(next_run_at=Now())
        pulls.turn(self.connection.pk, seconds=0 if is_one_page else 60)

    def rewind(self, seconds: int) -> None:
        with suppress(Conflict):
            to = datetime.now(UTC) - timedelta(seconds=seconds)
            cursor_rewind(self.state, to, origin=by_operator(None))

    def ask_for_all(self) -> None:
        self.state_write(is_full_wanted=True)

    def pass_time(self, seconds: int) -> None:
        time_moved(seconds)
        by = timedelta(seconds=seconds)
        self.last_at -= by
        for thing in self.vendor.tables.things[OBJECT].values():
            thing.modified_at -= by
        SyncRecord.objects.update(remote_modified_at=F("remote_modified_at") - by)
        place = self.place
        self.state_write(cursor=earlier(place.cursor, by), run_cursor=earlier(place.run_cursor, by))

    # --- What it is interrupted by ------------------------------------------------------------

    @contextmanager
    def disturbed(self, script: list[str], numbers: list[int], crash_at: int) -> Iterator[None]:
        self.script, self.numbers = list(script), list(numbers)
        self.life = Life(crash_at)
        try:
            with suppress(Crash), database.execute_wrapper(self.life):
                yield
        finally:
            self.script, self.numbers = [], []
            assert not database.in_atomic_block

    def _meet(self, kind: str, body: Any) -> Trouble:
        word = self.script.pop(0) if self.script else ""
        number = self.numbers.pop(0) if self.numbers else 0
        if word in TROUBLES:
            return TROUBLES[word]
        acts: dict[str, Callable[[], None]] = {
            "added": partial(self.add, 1),
            "changed": partial(self.change, number),
            "late": partial(self.change, number, 30 * (number + 1)),
            "crash": self._die,
            "overtaken": self._overtake,
        }
        act = acts.get(word.removeprefix("after:"))
        if act is None:
            return Trouble()
        act = self.life.spares(act)
        return Trouble(after=act) if word.startswith("after:") else Trouble(before=act)

    def _die(self) -> None:
        raise Crash

    def _overtake(self) -> None:
        """Another worker takes the stream from one that was held up for too long."""
        if not self.is_overtaken:
            self.is_overtaken = True
            self.state_write(lease_until=Now() - timedelta(seconds=1))
            self.pull(is_one_page=True)
            self.is_overtaken = False

    # --- What must be true --------------------------------------------------------------------

    def check(self) -> None:
        """I12: of what is older than the next run will ask for, all is here as it was last."""
        cursor = self.place.cursor
        if cursor:
            since = datetime.fromisoformat(cursor["at"]) - timedelta(seconds=self.config.overlap)
            self._check_taken(since)

    def rest(self) -> None:
        """The vendor is well again; what is asked of it then is no more than is there to tell."""
        self.vendor.always = None
        self.pass_time(700)
        things = len(self.vendor.tables.things[OBJECT])
        pages = ceil(things / self.config.page_size) + 1
        for _ in range(2):
            self._to_the_end(2 * pages + 2)
        self._check_taken(None)
        self.check()

    def _to_the_end(self, most: int) -> None:
        self.vendor.forget_calls()
        for _ in range(MOST_TURNS):
            self.pull()
            place = self.place
            if place.cursor and not (place.run_cursor or place.is_full_wanted):
                break
        else:
            raise AssertionError(f"A run never ends: {self.place.run_cursor}")
        asked = self.vendor.count("list")
        assert asked <= most, f"{asked} requests for what {most} pages hold"

    def _check_taken(self, since: datetime | None) -> None:
        here = dict(Contact.objects.values_list("email", "title"))
        for thing in self.vendor.tables.things[OBJECT].values():
            if since is None or thing.modified_at < since:
                told = here.get(thing.values["email"])
                said = thing.values["title"]
                assert told == said, f"I12: {thing.id} of {thing.modified_at} is {told}, not {said}"


def earlier(cursor: Any, by: timedelta) -> Any:
    """A cursor as it would be had all happened so much earlier."""
    if isinstance(cursor, Mapping):
        return {name: earlier(value, by) for name, value in cursor.items()}
    if not isinstance(cursor, str):
        return cursor
    time, mark, rest = cursor.partition("|")
    with suppress(ValueError):
        return stamp(datetime.fromisoformat(time) - by) + mark + rest
    return cursor
