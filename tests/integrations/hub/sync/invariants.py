"""What must hold at rest, whatever happened: the invariants of the engine, and the oracle.

I6, I4 and I11 are held by the model checkers of merge and queue; I3 and I13 are read off the
vendor's log here, the rest off the tables.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.apps import apps

from integrations.hub.mapping.lookups import UNMAPPED
from integrations.hub.mapping.stored import mapper_of
from integrations.hub.mapping.tables import Tables
from integrations.hub.merge import MergeField, Untranslatable
from integrations.hub.models import (
    Attempt,
    Connection,
    JobState,
    LinkState,
    QuarantinedItem,
    SyncConflict,
    SyncJob,
    SyncRecord,
    SyncState,
    WriteIntent,
)
from integrations.hub.streams import ID_MARKER
from tests.integrations.hub.mirror_calls import record_of
from tests.integrations.hub.mirror_vendor import API_KEY, WEBHOOK_SECRET, MirrorVendor
from tests.integrations.hub.sync.world import Desk

PENDING = (JobState.READY, JobState.LEASED)
UNCOUNTED = ("rate_limited", "auth", "gate_closed")
BLANK = (None, "", [], {})


def hub_check(connection: Connection, mirror: MirrorVendor, desk: Desk | None = None) -> None:
    """Raises AssertionError with all that is wrong."""
    wrong = [
        *jobs_finished(connection),
        *calls_intended(connection, mirror),
        *calls_repeated_alike(mirror),
        *links_paired(connection, mirror),
        *pairs_agreeing(connection, mirror),
        *attempts_uncounted(connection),
        *cursors_behind(connection, mirror),
        *secrets_kept(connection),
        *values_kept(connection, mirror, desk),
    ]
    assert not wrong, "\n".join(wrong)


def jobs_finished(connection: Connection) -> Iterator[str]:
    """I1, I2: every change led to work that is over, or is set aside in sight."""
    jobs = SyncJob.objects.filter(connection=connection)
    yield from (f"I1: {job} is {job.state} at rest" for job in jobs.filter(state__in=PENDING))
    lanes = Counter(jobs.filter(state=JobState.LEASED).values_list("lane", flat=True))
    yield from (f"I2: {count} leases in one lane" for count in lanes.values() if count > 1)


def calls_intended(connection: Connection, mirror: MirrorVendor) -> Iterator[str]:
    """I3: every write was intended in a commit before it was sent."""
    known = {uid.hex for uid in WriteIntent.objects.values_list("uid", flat=True)}
    for write in sent(mirror):
        if write["key"].replace("-", "") not in known:
            yield f"I3: a write with key {write['key']} was never intended"


def calls_repeated_alike(mirror: MirrorVendor) -> Iterator[str]:
    """I13: one key carries one body, however often it is sent; and lands once."""
    bodies: dict[str, set[str]] = defaultdict(set)
    for write in sent(mirror):
        bodies[write["key"]].add(json.dumps([write["id"], write["values"]], sort_keys=True))
    yield from (f"I13: {key} carried {found}" for key, found in bodies.items() if len(found) > 1)


def sent(mirror: MirrorVendor) -> list[dict[str, Any]]:
    return [write for one in mirror.calls if one.kind == "write" for write in one.body["writes"]]


def links_paired(connection: Connection, mirror: MirrorVendor) -> Iterator[str]:
    """I9: at most one thing there for each of ours, and the thing is alive."""
    for link in active(connection):
        thing = mirror.tables.found(link.object, link.external_id)
        if thing is None or thing.id != link.external_id:
            yield f"I9: {link} is linked to nothing that is there"
    linked = {(link.object, link.external_id): str(link.local_id) for link in active(connection)}
    for object, things in mirror.tables.things.items():
        # A mark of old times, on what is another's by now, is written over with the next change.
        marks = Counter(
            mark
            for one in things.values()
            if (mark := str(one.values.get(ID_MARKER) or ""))
            and not (one.is_deleted or one.merged_into)
            and linked.get((object, one.id), mark.rpartition("-")[2]) == mark.rpartition("-")[2]
        )
        for mark, count in marks.items():
            if count > 1:
                yield f"I9: {count} {object} say that they are our {mark}"


def active(connection: Connection) -> list[SyncRecord]:
    rows = SyncRecord.objects.filter(connection=connection, state=LinkState.ACTIVE)
    return list(rows.order_by("object", "pk"))


def pairs_agreeing(connection: Connection, mirror: MirrorVendor) -> Iterator[str]:
    """I8: at rest both sides say the same, but for what is in sight as a trouble."""
    standing = set(
        SyncConflict.objects.filter(
            connection=connection, state__in=("open", "decided")
        ).values_list("link_id", "field")
    )
    for state in SyncState.objects.filter(connection=connection):
        stream = connection.declaration.stream(state.object)
        assert stream is not None
        mapper = mapper_of(connection, stream, Tables(connection))
        model = apps.get_model("crm", state.record_type)
        for link in active(connection):
            thing = mirror.tables.found(link.object, link.external_id)
            record = model._default_manager.filter(pk=link.local_id).first()
            if link.object != state.object or thing is None or record is None or thing.is_deleted:
                continue
            theirs = mapper.theirs(record_of(mirror.tables.told(link.object, thing)).values)
            ours = mapper.ours(record)
            for one in mapper.fields:
                is_known = one.name in link.problems or (link.pk, one.name) in standing
                if not (
                    is_known
                    or alike(one, ours[one.name], theirs[one.name])
                    or is_settled_apart(link, one, ours[one.name], theirs[one.name])
                ):
                    found = f"{ours[one.name]!r} here, {theirs[one.name]!r} there"
                    yield f"I8: {one.name} of {link}: {found} (base {link.base_theirs})"


def alike(one: MergeField, ours: Any, theirs: Any) -> bool:
    codec = one.codec
    right = codec.canonical_theirs(theirs)
    try:
        there = codec.to_theirs(codec.canonical_ours(ours))
        # What they trim or lower themselves is the same to them.
        return str(codec.canonical_theirs(there)).strip().lower() == str(right).strip().lower()
    except Untranslatable:
        return right in BLANK or ours in BLANK


def is_settled_apart(link: SyncRecord, one: MergeField, ours: Any, theirs: Any) -> bool:
    """What has no counterpart stays as it is: our default for their blank, their stranger."""
    right = one.codec.canonical_theirs(theirs)
    is_seen = link.base_theirs.get(one.name) == right
    is_apart = right in BLANK or str(right).startswith(UNMAPPED)
    return is_apart and is_seen and link.base_ours.get(one.name) == one.codec.canonical_ours(ours)


def attempts_uncounted(connection: Connection) -> Iterator[str]:
    """I10: a gate, 429 and 401 use up no retry."""
    tries = Attempt.objects.filter(job__connection=connection, code__in=UNCOUNTED)
    yield from (f"I10: {one} of {one.job} was counted" for one in tries.filter(is_counted=True))


def cursors_behind(connection: Connection, mirror: MirrorVendor) -> Iterator[str]:
    """I12: all that is older than the cursor is taken over, or set aside in sight."""
    for state in SyncState.objects.filter(connection=connection):
        if not (state.is_live and state.is_pulled and state.cursor):
            continue
        known = {
            *SyncRecord.objects.filter(connection=connection, object=state.object).values_list(
                "external_id", flat=True
            ),
            *QuarantinedItem.objects.filter(connection=connection, object=state.object).values_list(
                "external_id", flat=True
            ),
        }
        missing = {one.id for one in mirror.live(state.object)} - known
        yield from (f"I12: {state.object} {id} was never taken over" for id in sorted(missing))


def secrets_kept(connection: Connection) -> Iterator[str]:
    """I14: no secret in what is kept of calls."""
    kept = [
        *Attempt.objects.filter(job__connection=connection).values_list("exchanges", "message"),
        *SyncJob.objects.filter(connection=connection).values_list("last_error", "reason"),
    ]
    text = json.dumps(kept, default=str)
    yield from (f"I14: {one[:8]}… is kept" for one in (API_KEY, WEBHOOK_SECRET) if one in text)


def values_kept(connection: Connection, mirror: MirrorVendor, desk: Desk | None) -> Iterator[str]:
    """I7: each value a person typed is there, was replaced by somebody who saw it, or is kept in a
    conflict; values are texts that no two people type alike."""
    replaced: set[str] = set()
    alive: set[str] = set()
    for typed in mirror.tables.typed:
        replaced.add(spelt(typed.replaced))
    for things in mirror.tables.things.values():
        alive |= {spelt(value) for thing in things.values() for value in thing.values.values()}
    for mine in desk.typed if desk else ():
        replaced.add(spelt(mine.replaced))
        record = apps.get_model("crm", mine.record_type)._default_manager.get(pk=mine.record_id)
        alive.add(spelt(getattr(record, mine.path)))
    logged = {
        spelt(value)
        for row in SyncConflict.objects.filter(connection=connection)
        for value in (row.ours, row.theirs)
    }
    all_typed = [*mirror.tables.typed, *(desk.typed if desk else ())]
    for value in {spelt(one.value) for one in all_typed} - {""}:
        if value not in alive | replaced | logged:
            yield f"I7: {value!r} was typed and is nowhere"


def spelt(value: Any) -> str:
    value = getattr(value, "pk", value)
    return str("" if value is None else value).strip().lower()
