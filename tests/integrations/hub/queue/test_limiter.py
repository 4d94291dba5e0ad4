"""The limiter under a model checker: several windows, refusals of the vendor, and time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from django.db import connection as database
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.stateful import run_state_machine_as_test as machine_run

from crm.models import Workspace
from integrations.hub import registry, throttle
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection
from integrations.hub.provider import RateLimit
from integrations.hub.throttle import Verdict
from tests import factories
from tests.integrations.hub.queue import vendor
from tests.integrations.hub.queue.calls import Call, windows_check
from tests.integrations.hub.queue.world import clock
from tests.integrations.hub.searches import EXAMPLES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.prove]

SEARCH = (RateLimit("search", requests=4, seconds=1),)
DECLARED = [
    (RateLimit("api", requests=5, seconds=1),),
    (RateLimit("api", requests=100, seconds=10), RateLimit("day", requests=40, seconds=86_400)),
    (RateLimit("api", requests=1, seconds=2, burst=1),),
    (
        RateLimit("second", requests=20, seconds=1, burst=3),
        RateLimit("minute", requests=30, seconds=60),
        RateLimit("day", requests=1_000, seconds=86_400),
    ),
]
PLACES = st.integers(0, 1)
# After a wait as long as the verdict said, the call must go out.
PATIENCE = 0.01
TIMES = """
SELECT extract(epoch FROM clock_timestamp()), key, tat, blocked_until
FROM (SELECT) AS one LEFT JOIN hub_ratebucket ON true
"""
MOVE = """
UPDATE hub_ratebucket SET tat = tat - %(by)s * interval '1 second',
    blocked_until = blocked_until - %(by)s * interval '1 second',
    paced_at = paced_at - %(by)s * interval '1 second'
"""

Buckets = dict[str, tuple[object, object]]


class LimiterMachine(RuleBasedStateMachine):
    """Calls of two connections, as all workers make them; time is moved, not slept."""

    workspace: Workspace

    @initialize(limits=st.sampled_from(DECLARED))
    def begin(self, limits: tuple[RateLimit, ...]) -> None:
        registry.remove(vendor.PROVIDER_ID)
        registry.add(replace(vendor.provider, limits=limits))
        self.limits = {limit.name: limit for limit in (*limits, *SEARCH)}
        self.declared = limits
        self.moved = 0.0
        self.calls: dict[tuple[int, str], list[Call]] = defaultdict(list)
        self.blocked: dict[int, float] = defaultdict(float)
        self.connections = [
            Connection.objects.create(
                workspace=self.workspace,
                provider=vendor.PROVIDER_ID,
                name=factories.unique("Limited"),
                credentials=Secrets({}),
            )
            for _ in range(2)
        ]

    @rule(place=PLACES, times=st.integers(1, 12))
    def calls_are_made(self, place: int, times: int) -> None:
        for _ in range(times):
            self._ask(place, ())

    @rule(place=PLACES, times=st.integers(1, 4))
    def searches_are_made(self, place: int, times: int) -> None:
        for _ in range(times):
            if self._ask(place, SEARCH).is_admitted:
                self._ask(place, ())

    @rule(place=PLACES)
    def caller_waits_as_told(self, place: int) -> None:
        verdict = self._ask(place, ())
        if not verdict.is_admitted:
            self._move(verdict.wait_seconds + PATIENCE)
            assert self._ask(place, ()).is_admitted, "the wait that was told was too short"

    @rule(place=PLACES, seconds=st.sampled_from([None, 0.5, 30, 90_000]))
    def vendor_refuses(self, place: int, seconds: float | None) -> None:
        began = self._now()
        self._block(place, seconds)
        length = min(seconds or throttle.DEFAULT_BLOCK_SECONDS, throttle.LONGEST_BLOCK_SECONDS)
        self.blocked[place] = max(self.blocked[place], began + length)
        # On a busy machine the half second may be over before the call is made.
        assert not self._ask(place, ()).is_admitted or self._now() >= self.blocked[place]

    @rule(seconds=st.sampled_from([0.05, 0.3, 2.0, 45.0, 4000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self._move(seconds)

    def _ask(self, place: int, limits: tuple[RateLimit, ...]) -> Verdict:
        connection = self.connections[place]
        names = [limit.name for limit in limits or self.declared]
        before, earliest = self._seen()
        verdict = self._verdict(connection, limits)
        after, latest = self._seen()
        charged = {f"{connection.pk}:{name}" for name in names}
        assert all(after[key] == was for key, was in before.items() if key not in charged)
        if not verdict.is_admitted:
            assert verdict.wait_seconds > 0
            assert all(after[key] == was for key, was in before.items()), "a refusal was charged"
            return verdict
        assert all(after[key] != before.get(key) for key in charged), "a window was not charged"
        if not limits:
            assert latest >= self.blocked[place], "a call went out after the vendor's refusal"
        for name in names:
            calls = self.calls[connection.pk, name]
            calls.append(Call(earliest, latest))
            windows_check(calls, self.limits[name])
        return verdict

    def _verdict(self, connection: Connection, limits: tuple[RateLimit, ...]) -> Verdict:
        return throttle.ask(connection, limits)

    def _block(self, place: int, seconds: float | None) -> None:
        throttle.block(self.connections[place], seconds)

    def _move(self, seconds: float) -> None:
        with database.cursor() as cursor:
            cursor.execute(MOVE, {"by": seconds})
        self.moved += seconds

    def _now(self) -> float:
        return clock().timestamp() + self.moved

    def _seen(self) -> tuple[Buckets, float]:
        """Every bucket, and when that was."""
        with database.cursor() as cursor:
            cursor.execute(TIMES)
            rows = cursor.fetchall()
        buckets = {key: (tat, blocked) for _, key, tat, blocked in rows if key is not None}
        return buckets, float(rows[0][0]) + self.moved

    def teardown(self) -> None:
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM hub_ratebucket")
            cursor.execute("DELETE FROM hub_connection")


@pytest.mark.long(60)
def test_limiter_keeps_every_window_and_waits_no_longer_than_it_says(workspace: Workspace) -> None:
    _search(LimiterMachine, workspace, EXAMPLES)


class OneWindowOnly(LimiterMachine):
    """The first window admits: the others are not asked."""

    def _verdict(self, connection: Connection, limits: tuple[RateLimit, ...]) -> Verdict:
        verdict = throttle.ask(connection, limits)
        if not verdict.is_admitted:
            return throttle.ask(connection, (limits or self.declared)[:1])
        return verdict


class ForgetfulBlock(LimiterMachine):
    """The vendor's refusal holds back nobody but the worker that met it."""

    def _block(self, place: int, seconds: float | None) -> None:
        super()._block(place, seconds)
        with database.cursor() as cursor:
            cursor.execute("UPDATE hub_ratebucket SET blocked_until = now() - interval '1 s'")


class GenerousStart(LimiterMachine):
    """A bucket that was not asked for long lets more through than its burst."""

    def _move(self, seconds: float) -> None:
        super()._move(seconds)
        if seconds > 40:
            with database.cursor() as cursor:
                cursor.execute("DELETE FROM hub_ratebucket WHERE key LIKE '%%:day'")


@pytest.mark.parametrize("fault", [OneWindowOnly, ForgetfulBlock, GenerousStart])
def test_seeded_fault_of_the_limiter_is_caught(
    workspace: Workspace, fault: type[LimiterMachine]
) -> None:
    with pytest.raises(AssertionError):
        _search(fault, workspace, 1_000, phases=(Phase.generate,))


def _search(
    machine: type[LimiterMachine],
    workspace: Workspace,
    examples: int,
    phases: tuple[Phase, ...] = tuple(Phase),
) -> None:
    class Machine(machine):  # type: ignore[misc,valid-type]
        pass

    Machine.workspace = workspace
    with vendor.installed():
        machine_run(
            Machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=15,
                deadline=None,
                phases=phases,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
