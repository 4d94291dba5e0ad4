"""What must be true once everything has come to rest, whatever happened before.

Judged by what people did and saw, and by what stands on the two sides; never by the engine's bases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from integrations.hub import jobs
from integrations.hub.errors import Conflict
from integrations.hub.merge import Direction, Rule
from integrations.hub.models import (
    FieldMapping,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncState,
    WriteIntent,
)
from integrations.hub.sync.explaining import Verdict, explain
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hub.sync.steering import by_operator, items_retry, links_retry
from tests.integrations.hub.engine import values
from tests.integrations.hub.engine.people import OBJECT, token
from tests.integrations.hub.engine.world import World
from tests.integrations.hub.sync import invariants

ROUNDS = 8
# A thing that was deleted and is restored at the vendor stays without a link here, for now.
RESTORED_STAYS_APART = True


def rest(world: World) -> None:
    """The vendor is well again, time passes, people look after what stopped: all is worked off."""
    world.vendor.always, world.vendor.blind_reads = None, 0
    world.vendor.land_late()
    world.pass_time(700)
    world.first_sync()
    if world.state.run_cursor:
        # A run that was cut off ends as it began.
        world.pull()
    _rounds(world)
    if _looked_after(world):
        _rounds(world)


def _rounds(world: World) -> None:
    for _ in range(ROUNDS):
        before = world.written()
        world.pull(is_full=True)
        world.push()
        if _waiting():
            # Second looks, and retries.
            world.pass_time(90)
            world.push()
        if world.written() == before and not _waiting():
            return
    raise AssertionError(f"It never comes to rest: {_waiting()}, {world.vendor.landed[-4:]}")


def _waiting() -> list[SyncJob]:
    return list(SyncJob.objects.filter(state__in=(JobState.READY, JobState.LEASED)))


def _looked_after(world: World) -> bool:
    """What died of crashes and outages is replayed, and what was set aside is looked at again."""
    is_any = False
    for job in SyncJob.objects.filter(state=JobState.DEAD).order_by("pk"):
        with suppress(Conflict):
            jobs.job_replay(job, actor=world.actor)
            is_any = True
    aside = SyncRecord.objects.filter(state=LinkState.QUARANTINED)
    items = QuarantinedItem.objects.all()
    origin = by_operator(world.actor)
    return bool(links_retry(aside, origin=origin) + items_retry(items, origin=origin)) or is_any


def check(world: World) -> None:
    """Raises AssertionError with all that is wrong."""
    wrong = [
        *_lost(world),
        *_unreal_conflicts(world),
        *_doubled(world),
        *_come_back(world),
        *_linked_twice(),
        *_gone_too_soon(world),
        *values.erased(world),
        *values.set_back(world),
        *_unlinked(world),
        *_unexplained(world),
        *_unlisted(world),
        *_apart(world),
        *_uncovered(world),
        *_in_doubt(),
        *invariants.jobs_finished(world.connection),
        *invariants.calls_intended(world.connection, world.vendor),
        *invariants.calls_repeated_alike(world.vendor),
        *invariants.links_paired(world.connection, world.vendor),
        *invariants.attempts_uncounted(world.connection),
    ]
    assert not wrong, "\n".join(wrong)


def links() -> list[SyncRecord]:
    return list(SyncRecord.objects.order_by("pk"))


# --- I7: nothing that a person typed is lost in silence -------------------------------------------


def _lost(world: World) -> Iterator[str]:
    people, vendor = world.people, world.vendor
    homes = {
        token(getattr(one, name)) for one in people.contacts() for name in ("first_name", "title")
    }
    for id, thing in vendor.tables.things[OBJECT].items():
        if not (thing.is_deleted and id in vendor.hidden):
            homes |= {token(value) for value in thing.values.values()}
    for row in SyncConflict.objects.all():
        homes |= {token(row.ours), token(row.theirs)}
    homes |= vendor.weakly_lost | world.excused
    homes -= {None}
    for number in people.ancestry.parents:
        if not any(people.ancestry.is_older(number, home) for home in homes):
            yield f"I7: V{number} was typed and is nowhere"


# --- I6: what one side changed alone is no conflict -----------------------------------------------


def _unreal_conflicts(world: World) -> Iterator[str]:
    older = world.people.ancestry.is_older
    for row in SyncConflict.objects.exclude(is_in_doubt=True).order_by("pk"):
        ours, theirs = token(row.ours), token(row.theirs)
        if None in (ours, theirs) and row.ours and row.theirs:
            # An address, of which nobody keeps who saw it.
            continue
        if row.base is None and world.people.are_met_anew:
            # Two that meet for the first time have never agreed on anything.
            continue
        if older(ours, theirs) or older(theirs, ours):
            yield f"I6: {row.field} of {row.link}: {row.ours} and {row.theirs} are no conflict"
    rows = SyncConflict.objects.values_list("link", "local_id", "field", "ours", "theirs")
    for told, count in Counter(rows).items():
        if count > 1:
            yield f"{told} was told {count} times"


# --- I9: nothing is doubled -----------------------------------------------------------------------


def _doubled(world: World) -> Iterator[str]:
    """No two people type the same person in, so one of each is there at most, on either side."""
    people = world.people
    contacts = people.contacts()
    here = Counter(one.email for one in contacts if one.archived_at is None)
    there = Counter(str(one.values.get("email")) for one in people.living())
    yield from (f"I9: {key} is here {count} times" for key, count in here.items() if count > 1)
    yield from (f"I9: {key} is there {count} times" for key, count in there.items() if count > 1)


def _come_back(world: World) -> Iterator[str]:
    """Each time that somebody is typed in, on either side, leads to one record here at most."""
    people = world.people
    merged = [one for one in world.vendor.tables.things[OBJECT].values() if one.merged_into]
    for key, count in Counter(one.email for one in people.contacts()).items():
        made = people.made_here[key] + people.made_there[key]
        if count > made and not merged:
            yield f"I9: {key} was made {made} times, and is here {count} times"
    for gone in merged:
        key = str(gone.values.get("email"))
        again = [
            one.id
            for one in people.living()
            if one.values.get("email") == key and one.id in world.vendor.made_for
        ]
        # Of one that was deleted, too, the vendor tells nobody what it had swallowed.
        winner = world.vendor.tables.things[OBJECT].get(gone.merged_into)
        can_ask = world.config.answers_merged and winner is not None and not winner.is_deleted
        is_known = not people.made_here[key] and can_ask
        if again and is_known:
            yield f"I9: {gone.id} was merged away, and made again as {again}"


def _linked_twice() -> Iterator[str]:
    linked = Counter(one.local_id for one in links() if one.state != LinkState.TOMBSTONE)
    yield from (f"I9: our {pk} has {count} links" for pk, count in linked.items() if count > 1)


def _gone_too_soon(world: World) -> Iterator[str]:
    """Only what somebody took away there is gone; that it was not found once is no proof."""
    for link in links():
        is_said_gone = link.reason.startswith("Gone") and link.state == LinkState.TOMBSTONE
        if is_said_gone and link.external_id not in world.people.taken_away | world.vendor.hidden:
            yield f"{link} is said to be gone, and nobody took it away"


def _unlinked(world: World) -> Iterator[str]:
    """Each thing of theirs has a record here, or it is said why not."""
    known = {one.external_id: one for one in links()}
    aside = set(QuarantinedItem.objects.values_list("external_id", flat=True))
    for thing in world.people.living():
        link = known.get(thing.id)
        is_apart = link is not None and link.state == LinkState.TOMBSTONE
        if link is None and thing.id not in aside:
            yield f"I12: {thing.id} of theirs was never taken over"
        if is_apart and not (RESTORED_STAYS_APART or thing.id in aside):
            yield f"{thing.id} of theirs is there and stays apart: {link and link.reason}"


def _unexplained(world: World) -> Iterator[str]:
    """Each record of ours is in step there, or it is said why not."""
    alive = {thing.id for thing in world.people.living()}
    for record in world.people.contacts():
        if record.archived_at is not None:
            continue
        for told in explain(record):
            is_there = told.link is not None and told.link.external_id in alive
            if told.verdict == Verdict.PENDING:
                yield f"our {record.pk} is said to be on its way at rest: {told.words}"
            if told.verdict == Verdict.IN_SYNC and not is_there:
                yield f"our {record.pk} is said to be in step, and is not there"


def _unlisted(world: World) -> Iterator[str]:
    """Two that became one there stay two here until a person says so, who finds them in a list."""
    listed = set(QuarantinedItem.objects.values_list("local_id", flat=True))
    linked = {one.local_id for one in links() if one.state != LinkState.TOMBSTONE}
    alive = {one.pk for one in world.people.contacts() if one.archived_at is None}
    for link in links():
        is_left = link.local_id in alive - linked and link.reason.startswith("Merged")
        if is_left and link.local_id not in listed:
            yield f"our {link.local_id} lost its counterpart to a merge, and is in no list"


# --- Convergence ----------------------------------------------------------------------------------


def _apart(world: World) -> Iterator[str]:
    """Both sides of a pair say the same in every field that travels both ways."""
    rows = [
        row
        for row in FieldMapping.objects.filter(is_enabled=True)
        if row.direction == Direction.BOTH and row.rule != Rule.MANUAL
    ]
    contacts = {one.pk: one for one in world.people.contacts()}
    for link in links():
        thing = world.vendor.tables.things[OBJECT].get(link.external_id)
        record = contacts.get(link.local_id)
        if link.state != LinkState.ACTIVE or thing is None or record is None:
            continue
        for row in rows:
            ours, theirs = getattr(record, row.path), thing.values.get(row.external)
            if _plain(ours) != _plain(theirs) and row.path not in link.problems:
                yield f"I8: {row.path} of {link}: {ours!r} here, {theirs!r} there"


def _plain(value: Any) -> str:
    return str(value or "").strip().lower()


def _uncovered(world: World) -> Iterator[str]:
    """The comparison of everything with everything finds nothing that is not said elsewhere."""
    if not world.config.is_compared:
        return
    state = SyncState.objects.select_related("connection__workspace").get()
    run = reconcile_now(state)
    counts = run.details["counts"]
    if counts["differing"] or counts["pending"] or counts["missing_here"] or counts["there_again"]:
        yield f"coverage: {run.details}"
    if counts["missing_there"] > QuarantinedItem.objects.filter(external_id="").count():
        yield f"coverage: {run.details}"


def _in_doubt() -> Iterator[str]:
    unknown = WriteIntent.objects.filter(kind="make", outcome="unknown")
    yield from (f"I13: {one} is in doubt for ever" for one in unknown)
