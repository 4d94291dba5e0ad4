"""Faults that pulls like these have had, seeded on purpose: the machine and the stories catch each.

They sit in what the stream says of its vendor, in the vendor's pages, or in the stream's own row
between two stretches of work.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.hub.sync.remote import database_now
from tests.integrations.hub.cursors.vendor import stamp
from tests.integrations.hub.cursors.world import World, earlier


class NoOverlap(World):
    """A run asks for what came after the last one, to the instant."""

    def begin(self) -> None:
        super().begin()
        self.state_write(overlap_seconds=0)


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


class NewestCounts(Meddled):
    """The newest seen counts for how far we are, though pages come in no order of time."""

    def meddle(self, cursor: Any, run_cursor: Any) -> None:
        if cursor and not run_cursor and self.vendor.newest:
            self.state_write(cursor={"at": stamp(self.vendor.newest)})

    def pass_time(self, seconds: int) -> None:
        super().pass_time(seconds)
        if self.vendor.newest:
            self.vendor.newest -= timedelta(seconds=seconds)


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


FAULTS = (
    NoOverlap,
    StrictBound,
    PagesByTimeAlone,
    PromotedByPage,
    NewestCounts,
    RoundedUp,
    CountsFromItsEnd,
    PageBeforeRows,
)
# Chance has not met these within 150 examples: their stories alone hold them.
RARELY_MET = (StrictBound, PromotedByPage, NewestCounts, CountsFromItsEnd, PageBeforeRows)
