"""Takes records of theirs over, a page at a time, set by set; calls nobody.

A pair that needs a write to the vendor, or a fresh look, is left to its own job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from crm.services.batches import BatchResult, records_write
from integrations.hub import jobs
from integrations.hub.errors import Conflict
from integrations.hub.faults import fault
from integrations.hub.merge import Base, Direction, Ours, Plan, plan
from integrations.hub.merge.turns import Result, Row, turn
from integrations.hub.models import LinkState, RunKind, SyncRecord
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import deferring, quarantine
from integrations.hub.sync.bases import base_written
from integrations.hub.sync.derived import derived_there
from integrations.hub.sync.driver import Driver
from integrations.hub.sync.flips import Flapping
from integrations.hub.sync.hands import LeftToAJob, PageHands, StandsRefused, Unlinked
from integrations.hub.sync.links import (
    NewLink,
    linking_lock,
    links_insert,
    links_of,
    waiting_wake,
)
from integrations.hub.sync.matching import strangers_meet
from integrations.hub.sync.merging import merges_follow
from integrations.hub.sync.quarantine import INVALID, REQUIRED, Trouble
from integrations.hub.sync.returning import returned_take
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import link_of_try, tries_close, tries_of

# Runs that list all there is.
WHOLE = (RunKind.FULL, RunKind.RECONCILE)


@dataclass
class Counts:
    """What a page did."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    matched: int = 0
    gone: int = 0
    left: int = 0
    failed: int = 0


@dataclass
class _Page:
    """One page being taken over."""

    scene: Scene
    read_at: datetime
    records: dict[str, RemoteRecord]
    links: dict[str, SyncRecord]
    counts: Counts = field(default_factory=Counts)
    plans: dict[str, Plan] = field(default_factory=dict)
    linked: list[NewLink] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    dirty: set[int] = field(default_factory=set)


@transaction.atomic
def page_apply(
    scene: Scene, records: Sequence[RemoteRecord], *, read_at: datetime, is_told: bool = False
) -> Counts:
    """Take the records over; `read_at` is when the vendor was asked, by the database's clock.

    `is_told`: nobody asked, an event said so, which may be late. May be repeated with the same
    records. One bad record is set aside, and the rest goes on.
    """
    page = _page(scene, records, read_at)
    _gone(page)
    returned_take(scene, page.links, page.records, read_at=read_at, is_told=is_told)
    strangers = [one for one in page.records.values() if one.id not in page.links]
    if strangers and scene.direction != Direction.PUSH:
        linking_lock(scene)
        page.links |= links_of(scene, [one.id for one in strangers])
        _follow_merged(page)
        _strangers_take(page, [one for one in strangers if one.id not in page.links])
    else:
        _follow_merged(page)
    _seen(page)
    _linked_take(page)
    _jobs_add(page)
    fault("pull.mid_page")
    return page.counts


def _page(scene: Scene, records: Sequence[RemoteRecord], read_at: datetime) -> _Page:
    by_id = {one.id: one for one in records}
    alive = [one for one in by_id.values() if not one.is_deleted]
    scene.tables.links_forget()
    scene.tables.prefetch_theirs(scene.mapper, alive)
    former = [one for record in by_id.values() for one in record.former_ids]
    page = _Page(scene, read_at, by_id, links_of(scene, [*by_id, *former]))
    page.counts.seen = len(by_id)
    return page


def _gone(page: _Page) -> None:
    """Only marked; what follows from it is decided when the whole run has been seen."""
    gone = [one for one in page.records.values() if one.is_deleted]
    if not gone:
        return
    for record in gone:
        del page.records[record.id]
    linked = [
        page.links[one.id].pk
        for one in gone
        if one.id in page.links and page.links[one.id].state != LinkState.TOMBSTONE
    ]
    if linked:
        marked = SyncRecord.objects.filter(pk__in=linked, gone_at=None)
        page.counts.gone += marked.update(gone_at=Now())
    erased = {one.id for one in gone if one.is_erased}
    SyncRecord.objects.filter(
        pk__in=[page.links[one].pk for one in erased & page.links.keys()]
    ).update(is_erased=True)
    quarantine.release(page.scene, external_ids=[one.id for one in gone])


def _seen(page: _Page) -> None:
    """A full listing tells what is still there; a link that it leaves out may be gone."""
    if page.scene.run is None or page.scene.run.kind not in WHOLE:
        return
    ids = [link.pk for external_id, link in page.links.items() if external_id in page.records]
    if ids:
        SyncRecord.objects.filter(pk__in=ids).update(seen_generation=page.scene.state.generation)


def _follow_merged(page: _Page) -> None:
    merged = [one for one in page.records.values() if one.former_ids]
    if merged:
        merges_follow(page.scene, merged, page.links)


# --- Strangers ----------------------------------------------------------------------------------


def _strangers_take(page: _Page, strangers: Sequence[RemoteRecord]) -> None:
    """Match them with ours, or make ours of them."""
    if not strangers:
        return
    scene = page.scene
    for one in strangers:
        page.plans[one.id] = plan(scene.fields, Ours({}, 0), scene.theirs(one), Base())
    values = {one.id: scene.mapper.for_service(page.plans[one.id].pulls) for one in strangers}
    met = strangers_meet(scene, strangers, values)
    fresh, waiting = deferring.known_makes_apart(scene, met.fresh)
    made = _link_matched(page, met.matched)
    page.links |= links_of(scene, made)
    _set_aside(page, met.troubles)
    page.deferred = waiting
    _make_ours(page, fresh, values)


def _link_matched(page: _Page, matched: Mapping[str, int]) -> dict[str, int]:
    """Without a base, for nobody has compared them yet; but what we sent ourselves is known."""
    tries = tries_of(page.scene, list(matched.values()))
    links = [
        link_of_try(page.scene, pk, page.records[one], tries[pk])
        if pk in tries
        else NewLink(pk, one)
        for one, pk in matched.items()
    ]
    made = _linked(page, links)
    tries_close(list(tries.values()))
    page.counts.matched += len(made)
    quarantine.release(page.scene, local_ids=list(matched.values()))
    return made


def _linked(page: _Page, links: Sequence[NewLink]) -> dict[str, int]:
    made = links_insert(page.scene, links)
    page.linked += [link for link in links if link.external_id in made]
    return made


def _make_ours(page: _Page, ids: Sequence[str], values: Mapping[str, dict[str, Any]]) -> None:
    scene = page.scene
    missing = {one: scene.mapper.missing(page.plans[one].pulls) for one in ids}
    troubles = {
        one: Trouble(REQUIRED, f"Empty there, but needed: {', '.join(names)}.", tuple(names))
        for one, names in missing.items()
        if names
    }
    wanted = [one for one in ids if one not in troubles]
    results, _ = records_write(
        scene.model,
        workspace=scene.connection.workspace,
        creates=[{**scene.stream.defaults, **values[one]} for one in wanted],
        updates=[],
        origin=scene.origin,
        drop_bad_fields=True,
    )
    links: list[NewLink] = []
    versions = _versions(scene, results)
    for one, result in zip(wanted, results, strict=True):
        if result.record_id is None:
            troubles[one] = refused(result)
        else:
            version = versions[result.record_id]
            links.append(_new_link(page, page.records[one], result, version=version))
    made = _linked(page, links)
    if len(made) != len(links):
        raise Conflict("A link was made meanwhile; the page is taken over again.")
    page.counts.created += len(made)
    page.dirty |= derived_there(scene, {link.local_id: link.base for link in links}, versions)
    quarantine.release(scene, external_ids=list(made))
    for one in made:
        # In step as it is: only what could not be taken over needs another look.
        del page.records[one]
    _set_aside(page, troubles)


def refused(result: BatchResult) -> Trouble:
    words = "; ".join(f"{name}: {' '.join(said)}" for name, said in result.errors.items())
    return Trouble(INVALID, words or "It was refused.", tuple(sorted(result.errors)))


def _versions(scene: Scene, results: Sequence[BatchResult]) -> dict[int, int]:
    """Rules may have written a new record again at once, such as a lead's score."""
    ids = [result.record_id for result in results if result.record_id is not None]
    rows = scene.model._default_manager.filter(pk__in=ids)
    return dict(rows.values_list("pk", "version"))


def _new_link(page: _Page, record: RemoteRecord, result: BatchResult, *, version: int) -> NewLink:
    planned = page.plans[record.id]
    base, problems = base_written(page.scene, planned, result, before=Base())
    base = _with_defaults(page.scene, base)
    return NewLink(
        local_id=int(result.record_id or 0),
        external_id=record.id,
        base=base,
        local_version=version,
        version=record.version,
        folded_at=page.read_at.isoformat(),
        problems={**planned.failures, **problems},
        waits_for=planned.waits_for,
    )


def _with_defaults(scene: Scene, base: Base) -> Base:
    """What a new record of ours holds by itself is no change that theirs, being blank, lacks."""
    blank = {
        path: default
        for path, default in scene.defaults.items()
        if path in base.ours and base.ours[path] is None
    }
    return Base({**base.ours, **blank}, base.theirs)


def _set_aside(page: _Page, troubles: Mapping[str, Trouble]) -> None:
    quarantine.theirs_keep(page.scene, troubles)
    page.counts.failed += len(troubles)
    for external_id in troubles:
        page.records.pop(external_id, None)


# --- Pairs --------------------------------------------------------------------------------------


def _linked_take(page: _Page) -> None:
    """Bring linked pairs into step as far as that takes no call."""
    scene = page.scene
    rows = {
        link.pk: Row(scene.theirs(page.records[external_id]), page.read_at)
        for external_id, link in page.links.items()
        if external_id in page.records and link.state == LinkState.ACTIVE
    }
    hands = PageHands(scene)
    # The hands of a page send nothing, so nothing has to be read anew before they are asked to.
    turns = {pk: turn(scene.fields, row, is_guarded=True) for pk, row in rows.items()}
    outcomes = Driver(hands, turns).run()
    page.counts.updated += hands.taken.updated
    for pk, outcome in outcomes.items():
        if isinstance(outcome, LeftToAJob | Conflict):
            page.dirty.add(hands.pairs[pk].link.local_id)
        elif isinstance(outcome, Flapping | StandsRefused):
            page.counts.failed += 1
        elif not isinstance(outcome, Result | Unlinked):
            raise outcome


# --- What is left to do -------------------------------------------------------------------------


def _jobs_add(page: _Page) -> None:
    """Last, since a person's save locks its record before its job, too."""
    scene, dirty = page.scene, page.dirty
    page.counts.left = len(dirty) + len(page.deferred)
    deferring.later(scene, page.deferred)
    waiting_wake(scene, page.linked)
    if dirty:
        jobs.dirty(scene.connection.pk, scene.stream.record_type, dirty, BULK_HEAD_START_SECONDS)
