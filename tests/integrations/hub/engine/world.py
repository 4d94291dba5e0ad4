"""What the engine's model checker acts on: a connection with a stream, people, and interruptions.

The database, the services and the whole engine are real; only the vendor is a fake one, within the
process, so that something can happen at every call of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection as database
from django.db.models.functions import Now

from crm.models import User, Workspace
from integrations.hub import batches, jobs, registry
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.merge import Rule, Side
from integrations.hub.models import (
    ConflictState,
    Connection,
    FieldMapping,
    SyncConflict,
    SyncStage,
    SyncState,
)
from integrations.hub.provider import Provider
from integrations.hub.streams import MappingRow
from integrations.hub.sync import pulls
from integrations.hub.sync.inbound import hints_take
from integrations.hub.sync.rehearsal import rehearsal_start
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.states import stream_go_live
from tests.integrations.hub import mirror_calls
from tests.integrations.hub.engine.clearing import cleared, time_moved
from tests.integrations.hub.engine.life import Crash, Life
from tests.integrations.hub.engine.mapping import REMAPS, mapping_edit
from tests.integrations.hub.engine.people import KEYS, OBJECT, OURS, THEIRS, People
from tests.integrations.hub.engine.provider import provider_with
from tests.integrations.hub.engine.vendor import ModelVendor
from tests.integrations.hub.mirror import mirror_connection, stream_of
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_tables import trimmed
from tests.integrations.hub.mirror_vendor import Trouble, retry_after

# A batch of jobs may leave more of them; whatever is due is done in so many goes.
MOST_GOES = 12


@dataclass(frozen=True)
class Config:
    """What kind of vendor, which rules, and how the two sides begin."""

    rule: Rule = Rule.LAST_WRITE
    is_guarded: bool = False
    has_markers: bool = True
    normalises: bool = False
    is_unique: bool = True
    lists_deleted: bool = True
    answers_merged: bool = True
    merges_anew: bool = False
    their_delete: str = "unlink"
    our_delete: str = "leave"
    page_size: int = 100
    is_rehearsed: bool = False
    # Whether everything is compared with everything at the end, which takes a while.
    is_compared: bool = False

    @property
    def shape(self) -> Shape:
        return Shape(has_markers=self.has_markers, is_guarded=self.is_guarded, rule=self.rule.value)


def provider_of(config: Config) -> Provider:
    """One stream with three fields, so that much happens to each of them."""
    rows = (
        MappingRow("email", "email", ({"kind": "lower"},), rule=config.rule),
        *(MappingRow(name, name, rule=config.rule) for name in OURS),
    )
    return provider_with(stream_of(OBJECT, "contact", rows, config.shape, natural_key="email"))


@dataclass
class World:
    """The connection, both sides, and what is about to go wrong (`script`, one word a call)."""

    workspace: Workspace
    actor: User
    config: Config
    vendor: ModelVendor = field(default_factory=ModelVendor)
    script: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    depth: int = 0
    was_blind: bool = False
    life: Life = field(default_factory=partial(Life, 0))
    # Values that were typed where they count for nothing, as the mapping was then.
    excused: set[int] = field(default_factory=set)

    def begin(self) -> None:
        self.provider_register()
        self.people = People(self.workspace, self.vendor)
        self.vendor.people = self.people
        self.vendor.named = self._named
        self.vendor.is_guard_declared = self.config.is_guarded
        rules, config = self.vendor.rules, self.config
        rules.is_guarded, rules.has_markers = config.is_guarded, config.has_markers
        rules.is_unique, rules.lists_deleted = config.is_unique, config.lists_deleted
        rules.answers_merged, rules.merges_anew = config.answers_merged, config.merges_anew
        rules.page_size = config.page_size
        if config.normalises:
            rules.normalised = dict.fromkeys(THEIRS, trimmed)
        self.vendor.always = self._meet
        stage = SyncStage.NEW if config.is_rehearsed else SyncStage.LIVE
        self.connection = mirror_connection(self.workspace, stage=stage)
        self.state_write(on_their_delete=config.their_delete, on_our_delete=config.our_delete)

    def _named(self) -> set[str]:
        rows = FieldMapping.objects.filter(connection=self.connection, is_enabled=True)
        return set(rows.values_list("external", flat=True))

    def provider_register(self) -> None:
        registry.remove("mirror")
        registry.add(provider_of(self.config))

    def end(self) -> None:
        registry.remove("mirror")
        cleared()

    # --- The engine at work -------------------------------------------------------------------

    @property
    def state(self) -> SyncState:
        return SyncState.objects.select_related("connection__workspace").get(
            connection=self.connection
        )

    def state_write(self, **values: Any) -> None:
        SyncState.objects.filter(connection=self.connection).update(**values)

    def pull(self, *, is_full: bool = False) -> None:
        """The stream's turn, as far as it comes."""
        more = {"is_full_wanted": True} if is_full else {}
        self.state_write(next_run_at=Now(), **more)
        pulls.turn(self.connection.pk)

    def push(self) -> None:
        """All jobs that are due."""
        for _ in range(MOST_GOES):
            fresh = Connection.objects.select_related("workspace").get(pk=self.connection.pk)
            held = jobs.claim_many(fresh, 20)
            if not held:
                return
            batches.work(held, lambda *told: None)

    def event_arrives(self, index: int, times: int) -> None:
        """An event of any age, as often as the vendor likes."""
        self.events += self.vendor.events_take()
        if not self.events:
            return
        one = self.events[index % len(self.events)]
        event = mirror_calls.Event(id=one["id"], kind=one["kind"], payload=one)
        for _ in range(times):
            hints_take(self.connection, mirror_calls.hints(event), received_at=database_now())

    def first_sync(self) -> None:
        """A look at the stream, which writes nothing, and a person's yes."""
        if self.state.stage == SyncStage.LIVE:
            return
        before = self.written()
        rehearsal_start(self.state, actor=self.actor)
        self.pull()
        assert self.written() == before, "a rehearsal has written"
        if self.state.stage == SyncStage.REHEARSED:
            stream_go_live(self.state, actor=self.actor)

    def decide(self, index: int, winner: Side) -> None:
        rows = SyncConflict.objects.filter(connection=self.connection, state=ConflictState.OPEN)
        if found := list(rows.order_by("pk")):
            conflict_resolve(found[index % len(found)], winner=winner, actor=self.actor)

    def mapping_edit(self, edit: str) -> None:
        mapping_edit(self.connection, self.config.rule, edit)
        # A field may meet its other side for the first time now.
        self.people.are_met_anew = True

    def pass_time(self, seconds: float) -> None:
        time_moved(seconds)
        self.vendor.time_passed(seconds)
        jobs.sweep()

    def written(self) -> tuple[int, list[tuple[int, int]]]:
        """Grows with every write of the engine's on either side, and with people's."""
        ours = [(one.pk, one.version) for one in self.people.contacts()]
        return len(self.vendor.landed) + len(self.vendor.hidden), ours

    # --- What it is interrupted by ------------------------------------------------------------

    @contextmanager
    def disturbed(self, script: list[str], numbers: list[int], crash_at: int) -> Iterator[None]:
        """Each call of the vendor meets the next word; the process dies at a statement, if any."""
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
        if word == "late" and kind != "write":
            word = "lost"
        if kind == "write" and not self.config.is_unique:
            # Nothing keeps such a vendor from making it twice, once a request of ours is held up.
            is_make = any(not one["id"] for one in body["writes"])
            word = HELD_UP.get(word, word) if is_make else word
        if word in TROUBLES:
            return TROUBLES[word]
        act = self._acts().get(word.removeprefix("after:"))
        if act is None:
            return Trouble()
        act = self.life.spares(act)
        return Trouble(after=act) if word.startswith("after:") else Trouble(before=act)

    def _acts(self) -> dict[str, Callable[[], None]]:
        number = self.numbers.pop(0) if self.numbers else 0
        people = self.people
        return {
            "ours": partial(people.edit_here, number, OURS[number % 2]),
            "theirs": partial(people.edit_there, number, OURS[number % 2]),
            "made": partial(self._made_meanwhile, KEYS[number % 3]),
            "gone": partial(people.delete_or_restore_there, number),
            "merged": partial(people.merge_there, number),
            "archived": partial(people.hide_or_show_here, number),
            "crash": self._die,
            "remapped": partial(self.mapping_edit, REMAPS[number % len(REMAPS)]),
            "blind": self._blind,
            "lagging": self.vendor.lists_lag,
            "beside": self._beside,
            "push": partial(self._another, self.push),
            "pull": partial(self._another, self.pull),
            "full": partial(self._another, partial(self.pull, is_full=True)),
        }

    def _made_meanwhile(self, key: str) -> None:
        """Only a unique field keeps two from making the same at once."""
        if self.config.is_unique:
            self.people.make_there(key)

    def _die(self) -> None:
        raise Crash

    def _blind(self) -> None:
        """Once only: what is not found twice, a minute apart, is believed to be gone."""
        if not self.was_blind:
            self.was_blind = True
            self.vendor.blind_reads += 1

    def _beside(self) -> None:
        """Another worker does what is due, while this one goes on with what it holds."""
        if not self.depth:
            self.depth += 1
            try:
                self.push()
            finally:
                self.depth -= 1

    def _another(self, work: Callable[[], None]) -> None:
        """Another worker overtakes this one, which was held up for longer than its lease."""
        if self.depth:
            return
        self.depth += 1
        try:
            with database.cursor() as cursor:
                cursor.execute(
                    "UPDATE hub_syncstate SET lease_until = now() - interval '1 s'"
                    " WHERE lease_until IS NOT NULL;"
                    "UPDATE hub_syncjob SET lease_until = now() - interval '1 s'"
                    " WHERE state = 'leased'"
                )
            jobs.sweep()
            work()
        finally:
            self.depth -= 1


HELD_UP = {"late": "down", "push": "after:push", "pull": "after:pull", "full": "after:pull"}
TROUBLES = {
    "lost": Trouble(is_lost=True),
    "late": Trouble(is_late=True),
    "down": Trouble(is_reset=True),
    "broken": Trouble(status=500),
    "refused": Trouble(status=422),
    "limited": retry_after("", 30),
}
