"""The gate: the cursor machine must catch the faults that pulls like these have had.

A checker that passes everything proves nothing. The faults sit in what the stream says of its
vendor, in the vendor's pages, or in the stream's own row between two stretches of work.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.models import Workspace
from integrations.hub.sync.remote import database_now
from tests.integrations.hub.cursors.test_model import STEPS, CursorMachine, searched
from tests.integrations.hub.cursors.world import World, earlier, stamp
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.searches import EXAMPLES, LONG_SEARCH, first_failure

# Each fault is a search of its own: too long for every change.
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.prove,
    LONG_SEARCH,
]

ENOUGH = first_failure(STEPS, max(150, EXAMPLES // 10))


class NoOverlap(World):
    """A run asks for what came after the last one, to the instant."""

    def begin(self) -> None:
        super().begin()
        self.state_write(overlap_seconds=0)


class SaidToBeSorted(World):
    """The newest seen counts for how far we are, though pages come in no order of time."""

    @property
    def shape(self) -> Shape:
        return Shape(
            is_sorted=True, overlap_seconds=self.config.overlap, can_write=False, can_find=False
        )


class StrictBound(World):
    """A run asks for what is later than the cursor, not for what is as late."""

    def begin(self) -> None:
        super().begin()
        self.vendor.is_bound_strict = True


class PagesByTimeAlone(World):
    """The next page begins after the last time, whatever else has that time."""

    def begin(self) -> None:
        super().begin()
        self.vendor.are_ties_passed = True


class Meddled(World):
    """Somebody writes the stream's row after each stretch of work."""

    def pull(self, *, is_one_page: bool = False) -> None:
        super().pull(is_one_page=is_one_page)
        state = self.state
        self.meddle(state.cursor, state.run_cursor)

    def meddle(self, cursor: Any, run_cursor: Any) -> None:
        raise NotImplementedError


class PromotedByPage(Meddled):
    """The time moves with each page, and not with the last one."""

    def meddle(self, cursor: Any, run_cursor: Any) -> None:
        if run_cursor and run_cursor["newest"]:
            self.state_write(cursor={"at": run_cursor["newest"]})


class RoundedUp(Meddled):
    """The time is kept to the full minute that follows."""

    def meddle(self, cursor: Any, run_cursor: Any) -> None:
        if cursor:
            at = datetime.fromisoformat(cursor["at"]).replace(second=0, microsecond=0)
            self.state_write(cursor={"at": stamp(at + timedelta(minutes=1))})


class CountsFromItsEnd(Meddled):
    """A run that is cut off counts from when it went on."""

    def meddle(self, cursor: Any, run_cursor: Any) -> None:
        if run_cursor:
            self.state_write(run_cursor={**run_cursor, "started": stamp(database_now())})


class PageBeforeRows(World):
    """The place moves with the answer, before what came with it is stored."""

    def pull(self, *, is_one_page: bool = False) -> None:
        run_cursor, after = self.state.run_cursor, self.vendor.last_after
        if run_cursor and after:
            self.state_write(run_cursor={**run_cursor, "page": {"after": after}})
        super().pull(is_one_page=is_one_page)

    def pass_time(self, seconds: int) -> None:
        super().pass_time(seconds)
        by = timedelta(seconds=seconds)
        self.vendor.last_after = earlier(self.vendor.last_after, by)


@pytest.mark.parametrize(
    "fault",
    [
        NoOverlap,
        SaidToBeSorted,
        StrictBound,
        PagesByTimeAlone,
        PromotedByPage,
        RoundedUp,
        CountsFromItsEnd,
        PageBeforeRows,
    ],
)
def test_seeded_fault_of_the_cursor_is_caught(workspace: Workspace, fault: type[World]) -> None:
    class Broken(CursorMachine):
        world_class = fault

    with pytest.raises(AssertionError):
        searched(Broken, workspace, ENOUGH)
