"""Takes records of theirs over, a page at a time, set by set; calls nobody.

A pair that needs a write to the vendor, or a fresh look, is left to its own job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import DatabaseError, InternalError, ProgrammingError, transaction

from integrations.hub import jobs
from integrations.hub.classification import classified
from integrations.hub.errors import Conflict, StorageRefused
from integrations.hub.faults import fault
from integrations.hub.merge import Direction
from integrations.hub.merge.turns import Result, Row, turn
from integrations.hub.models import LinkState, RunKind, SyncRecord
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.streams import LONGEST_ID, RemoteRecord
from integrations.hub.sync import deferring, hinting, quarantine
from integrations.hub.sync.away import back_tell, found_ended
from integrations.hub.sync.driver import Driver
from integrations.hub.sync.flips import Flapping
from integrations.hub.sync.going import gone_take
from integrations.hub.sync.hands import LeftToAJob, NothingNew, PageHands, StandsRefused, Unlinked
from integrations.hub.sync.links import linking_lock, links_of, waiting_wake
from integrations.hub.sync.merging import merges_follow
from integrations.hub.sync.page import Counts, Page, Source
from integrations.hub.sync.quarantine import INVALID, TOO_LONG, Trouble
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.returning import returned_take
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.strangers import strangers_take
from integrations.hub.sync.vanishing import unsure_links
from integrations.hub.words import LISTED_LATE

PageOf = Callable[[Sequence[RemoteRecord]], Page]
# Runs that list all there is.
WHOLE = (RunKind.FULL, RunKind.RECONCILE)


def page_apply(
    scene: Scene,
    records: Sequence[RemoteRecord],
    *,
    read_at: datetime,
    source: Source = Source.LISTED,
    asked_at: Mapping[str, datetime] | None = None,
) -> Counts:
    """Take the records over; `read_at` is when the vendor was asked, by the database's clock.

    `asked_at` says so by their id, where it was asked more than once. May be repeated with the same
    records. One bad record is set aside, and the rest goes on.
    """
    page_of = partial(_page, scene, read_at=read_at, source=source, asked_at=asked_at or {})
    try:
        return _page_take(page_of, records)
    except DatabaseError as error:
        if not _is_of_values(error):
            raise
    return _each_take(scene, page_of, records)


@transaction.atomic
def _each_take(scene: Scene, page_of: PageOf, records: Sequence[RemoteRecord]) -> Counts:
    """Each by itself, after our database has refused a statement about all of them."""
    counts = Counts()
    for record in {one.id: one for one in records}.values():
        try:
            counts.add(_page_take(page_of, [record]))
        except DatabaseError as error:
            if not _is_of_values(error):
                raise
            words = f"Our database does not take what it holds ({type(error).__name__})."
            quarantine.theirs_keep(scene, {record.id: Trouble(INVALID, words)})
            counts.add(Counts(seen=1, failed=1))
    return counts


def _is_of_values(error: DatabaseError) -> bool:
    """Whether it is the values that are refused; a statement that is wrong is nobody's record."""
    is_ours = isinstance(error, ProgrammingError | InternalError)
    return not is_ours and isinstance(classified(error), StorageRefused)


@transaction.atomic
def _page_take(page_of: PageOf, records: Sequence[RemoteRecord]) -> Counts:
    page = page_of(records)
    scene = page.scene
    gone_take(page)
    _too_long_apart(page)
    page.there_again = returned_take(
        scene, page.links, page.records, read_at=page.read_at, source=page.source
    )
    page.back += page.there_again.back
    strangers = [one for one in page.records.values() if one.id not in page.links]
    if strangers and scene.direction != Direction.PUSH:
        linking_lock(scene)
        page.links |= links_of(scene, [one.id for one in strangers])
        _follow_merged(page)
        strangers_take(page, [one for one in strangers if one.id not in page.links])
    else:
        _follow_merged(page)
    _seen(page)
    _linked_take(page)
    _jobs_add(page)
    fault("pull.mid_page")
    return page.counts


def _page(
    scene: Scene,
    records: Sequence[RemoteRecord],
    *,
    read_at: datetime,
    source: Source,
    asked_at: Mapping[str, datetime],
) -> Page:
    by_id = {one.id: one for one in records}
    alive = [one for one in by_id.values() if not one.is_deleted]
    scene.tables.links_forget()
    scene.tables.prefetch_theirs(scene.mapper, alive)
    former = [one for record in by_id.values() for one in record.former_ids]
    page = Page(scene, read_at, source, by_id, links_of(scene, [*by_id, *former]), asked_at)
    page.counts.seen = len(by_id)
    return page


def _too_long_apart(page: Page) -> None:
    """No link can hold their ids."""
    longs = [one for one in page.records if len(one) > LONGEST_ID]
    page.set_aside(dict.fromkeys(longs, TOO_LONG))


def _seen(page: Page) -> None:
    """A full listing tells what is still there; a link that it leaves out may be gone."""
    alive = [one for one in page.records.values() if not one.is_deleted]
    found_ended([page.links[one.id] for one in alive if one.id in page.links], read_at=page.read_at)
    if page.scene.run is None or page.scene.run.kind not in WHOLE:
        return
    ids = [link.pk for external_id, link in page.links.items() if external_id in page.records]
    if ids:
        SyncRecord.objects.filter(pk__in=ids).update(seen_generation=page.scene.state.generation)


def _follow_merged(page: Page) -> None:
    merged = [one for one in page.records.values() if one.former_ids]
    if merged:
        page.linked += merges_follow(page.scene, merged, page.links)


# --- Pairs --------------------------------------------------------------------------------------


def _linked_take(page: Page) -> None:
    """Bring linked pairs into step as far as that takes no call."""
    scene = page.scene
    links = {
        external_id: link
        for external_id, link in page.links.items()
        if external_id in page.records and link.state == LinkState.ACTIVE
    }
    unsure = unsure_links(scene, links, page.records)
    page.dirty |= {link.local_id for link in links.values() if link.pk in unsure}
    now = database_now() if page.source == Source.TOLD else page.read_at
    rows = {
        link.pk: _row(page, page.records[external_id], now)
        for external_id, link in links.items()
        if link.pk not in unsure
    }
    hands = PageHands(page, rows)
    # The hands of a page send nothing, so nothing has to be read anew before they are asked to.
    turns = {pk: turn(scene.fields, row, is_guarded=True) for pk, row in rows.items()}
    outcomes = Driver(hands, turns).run()
    page.counts.updated += hands.taken.updated
    well = [pk for pk, outcome in outcomes.items() if isinstance(outcome, Result)]
    page.back += hands.taken.back
    quarantine.release(scene, external_ids=[hands.pairs[pk].link.external_id for pk in well])
    for pk, outcome in outcomes.items():
        if isinstance(outcome, LeftToAJob | Conflict):
            page.dirty.add(hands.pairs[pk].link.local_id)
        elif isinstance(outcome, Flapping | StandsRefused):
            page.counts.failed += 1
        elif not isinstance(outcome, Result | NothingNew | Unlinked):
            raise outcome


def _row(page: Page, record: RemoteRecord, now: datetime) -> Row:
    """Of an event it is not the time of its coming that tells its age, if it names another."""
    is_dated = page.source == Source.TOLD and record.modified_at is not None
    read_at = now if is_dated else page.asked_at_of(record.id)
    return Row(page.scene.theirs(record), read_at)


# --- What is left to do -------------------------------------------------------------------------


def _jobs_add(page: Page) -> None:
    """Last, since a person's save locks its record before its job, too."""
    scene, dirty = page.scene, page.dirty
    doubted, later = page.there_again.doubted, page.there_again.later
    page.counts.left = len(dirty) + len(page.deferred) + len(doubted) + len(later)
    deferring.later(scene, page.deferred)
    look = partial(hinting.inbound_add, scene.connection, scene.stream.object)
    look(doubted)
    look(later, after_seconds=scene.state.overlap_seconds + 1, reason=LISTED_LATE)
    waiting_wake(scene, page.linked)
    back_tell(scene, page.back)
    if dirty:
        jobs.dirty(scene.connection.pk, scene.stream.record_type, dirty, BULK_HEAD_START_SECONDS)
