"""What an operator may tell a stream to do; every act is remembered in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from crm.choices import OriginKind
from crm.models import User
from crm.services.entities import is_archivable
from crm.services.origin import Origin, by_user
from integrations.hub import jobs, wake
from integrations.hub.acts import stream_act_remember
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    LinkState,
    QuarantinedItem,
    SyncDirection,
    SyncRecord,
    SyncStage,
    SyncState,
    TheirDelete,
)
from integrations.hub.streams import Stream
from integrations.hub.sync import quarantine
from integrations.hub.sync.freeing import unsent_free
from integrations.hub.sync.hinting import inbound_add
from integrations.hub.sync.missed import unsent_note_all
from integrations.hub.sync.rereading import runs_drop, streams_read_whole

# What an admin may change of a stream; the rest is its provider's, or the engine's.
CONFIGURABLE: Final = (
    "direction",
    "is_enabled",
    "shortest_interval_seconds",
    "longest_interval_seconds",
    "full_interval_seconds",
    "overlap_seconds",
    "on_their_delete",
    "on_our_delete",
)
# A vendor asked more often than this gains nothing and loses its patience.
LEAST_SECONDS: Final = 30
# By then jobs that know the stream as it was before have ended, or lost their leases.
JOBS_END: Final = timedelta(minutes=5)


@transaction.atomic
def stream_sync_now(state: SyncState, *, origin: Origin, is_full: bool = False) -> None:
    """Pull at once; `is_full` reads everything anew and compares it.

    Raises Conflict while the stream is not live, with what to do about it.
    """
    live_check(state)
    SyncState.objects.filter(pk=state.pk).update(next_run_at=Now(), error_count=0)
    if is_full:
        streams_read_whole(SyncState.objects.filter(pk=state.pk))
    stream_act_remember(state, diff={"sync": (None, "full" if is_full else "now")}, origin=origin)
    wake.wake_on_commit()


@transaction.atomic
def cursor_rewind(state: SyncState, to: datetime, *, origin: Origin) -> None:
    """Read again all that was modified since; nothing is doubled by it.

    A worker that is at a page loses the stream. Raises Conflict for a time that has not been read
    up to, which would pass over what came before it, and where nothing has been read yet.
    """
    if to.tzinfo is None or to > datetime.now(UTC):
        raise Conflict("Give a time in the past, with its time zone.")
    live_check(state)
    held = SyncState.objects.select_for_update().get(pk=state.pk)
    if not held.cursor:
        raise Conflict("Nothing has been read to its end yet; there is nothing to go back to.")
    before = held.cursor["at"]
    if to > datetime.fromisoformat(before):
        raise Conflict(f"Only what was modified by {before} has been read: give an earlier time.")
    rows = SyncState.objects.filter(pk=state.pk)
    runs_drop(rows)
    rows.update(cursor={"at": to.astimezone(UTC).isoformat()}, next_run_at=Now())
    stream_act_remember(state, diff={"cursor": (before, to.isoformat())}, origin=origin)
    wake.wake_on_commit()


@transaction.atomic
def stream_configure(state: SyncState, *, values: Mapping[str, Any], origin: Origin) -> None:
    """Change how a stream is kept in step; the pause at hand follows at once.

    Raises Conflict for a value that makes no sense, with nothing changed.
    """
    stream_check(state, values)
    diff = {
        name: (getattr(state, name), value)
        for name, value in values.items()
        if getattr(state, name) != value
    }
    if not diff:
        return
    wanted = {name: value for name, (_, value) in diff.items()}
    shortest = wanted.get("shortest_interval_seconds", state.shortest_interval_seconds)
    if wanted.get("direction") == SyncDirection.PULL:
        # Before the stream itself is locked, as in a page that sets something aside.
        unsent_free(state)
    elif "direction" in wanted and state.direction == SyncDirection.PULL:
        # As well; ours was looked at, and nothing of it was sent.
        unsent_note_all(state)
    rows = SyncState.objects.filter(pk=state.pk)
    rows.update(**wanted, interval_seconds=shortest)
    if "direction" in wanted:
        # What the former direction left alone is read, or sent, from now on.
        streams_read_whole(rows)
        if wanted["direction"] == SyncDirection.PUSH:
            rows.update(next_run_at=Now() + JOBS_END)
    stream_act_remember(state, diff=diff, origin=origin)
    wake.wake_on_commit()


def stream_check(state: SyncState, values: Mapping[str, Any]) -> None:
    """Raises Conflict, in words, unless the stream may be kept in step this way."""
    unknown = set(values) - set(CONFIGURABLE)
    if unknown:
        raise Conflict(f"{', '.join(sorted(unknown))} cannot be changed here.")
    shortest = values.get("shortest_interval_seconds", state.shortest_interval_seconds)
    longest = values.get("longest_interval_seconds", state.longest_interval_seconds)
    if not LEAST_SECONDS <= shortest <= longest:
        raise Conflict(
            f"The shortest pause is at least {LEAST_SECONDS} s and no longer than the longest."
        )
    wanted = values.get("on_their_delete", TheirDelete.UNLINK)
    if wanted not in their_delete_choices(state):
        raise Conflict("What is on a timeline stays there: it is never archived.")


def their_delete_choices(state: SyncState) -> list[TheirDelete]:
    """What may be done with ours of this stream when theirs is gone."""
    is_archived = is_archivable(apps.get_model("crm", state.record_type))
    return [one for one in TheirDelete if is_archived or one != TheirDelete.ARCHIVE]


@transaction.atomic
def items_retry(items: Iterable[QuarantinedItem], *, origin: Origin) -> int:
    """Look at what was set aside again; each leaves the list when it goes through.

    How many: one of theirs that nobody can ask for is left alone. Some hundred at a time, and
    theirs apart from ours: jobs are locked by lane, as all who add them do, in each statement.
    """
    by_stream: dict[tuple[int, str], list[QuarantinedItem]] = {}
    for item in items:
        by_stream.setdefault((item.connection_id, item.object), []).append(item)
    count = sum(_stream_items_retry(each, origin) for each in by_stream.values())
    wake.wake_on_commit()
    return count


@transaction.atomic
def links_retry(links: Iterable[SyncRecord], *, origin: Origin) -> int:
    """Take pairs that were set aside back into service, some hundred at a time; how many."""
    by_stream: dict[tuple[int, str], list[int]] = {}
    for link in links:
        by_stream.setdefault((link.connection_id, link.object), []).append(link.pk)
    count = 0
    for (connection_id, object), pks in by_stream.items():
        state = SyncState.objects.get(connection=connection_id, object=object)
        count += _stream_links_retry(state, pks, origin)
    wake.wake_on_commit()
    return count


def is_asked_for(state: SyncState, stream: Stream | None) -> bool:
    """Whether one thing of theirs can be looked at by itself, and is taken over then."""
    return stream is not None and stream.read is not None and state.is_pulled


def by_operator(user: User | None, reason: str = "") -> Origin:
    """Of an act at the console (a user) or at the shell (none)."""
    if user is not None:
        return by_user(user, reason=reason)
    return Origin(OriginKind.COMMAND, "manage.py", reason=reason)


def seconds_behind(state: SyncState) -> float | None:
    """How old the time is up to which all is here; None before the first run has ended."""
    if not state.cursor:
        return None
    at = datetime.fromisoformat(state.cursor["at"])
    offset = timedelta(milliseconds=state.connection.clock_offset_ms)
    return max(0.0, (datetime.now(UTC) - at + offset).total_seconds())


def live_check(state: SyncState) -> None:
    """Raises Conflict while the stream is not live, with what to do about it."""
    fresh = SyncState.objects.get(pk=state.pk)
    if not fresh.is_enabled:
        raise Conflict(f"{state} is switched off: switch it on first.")
    if fresh.stage != SyncStage.LIVE:
        raise Conflict(f"The first sync of {state} has not been accepted yet.")
    if fresh.hold_reason:
        raise Conflict(f"{state} waits for a decision: {fresh.hold_reason}")


def _stream_items_retry(items: Sequence[QuarantinedItem], origin: Origin) -> int:
    """Of one stream."""
    connection, object = items[0].connection, items[0].object
    states = SyncState.objects.select_related("connection")
    state = states.filter(connection=connection, object=object).first()
    theirs = _askable(state, [one.external_id for one in items if one.external_id])
    ours = {one.local_id: one.record_type for one in items if not one.external_id and one.local_id}
    inbound_add(connection, object, theirs)
    for record_type in sorted(set(ours.values())):
        jobs.dirty(connection.pk, record_type, [pk for pk in ours if ours[pk] == record_type])
    _retried_remember(state, [*theirs, *map(str, ours)], origin)
    wanted = {*theirs, *ours}
    _asked_note([one.pk for one in items if (one.external_id or one.local_id) in wanted])
    return len(theirs) + len(ours)


def _asked_note(item_ids: Sequence[int]) -> None:
    """What stays set aside, with nothing new to say, must not come first the next time as well.

    One that a worker has at hand is passed over: that notes the time itself, and nobody waits.
    """
    items = QuarantinedItem.objects.filter(pk__in=item_ids).select_for_update(skip_locked=True)
    QuarantinedItem.objects.filter(pk__in=[one.pk for one in items]).update(last_at=Now())


def _askable(state: SyncState | None, external_ids: Sequence[str]) -> list[str]:
    if state is None or not external_ids or not state.is_live:
        return []
    if not is_asked_for(state, state.connection.declaration.stream(state.object)):
        return []
    return [one for one in external_ids if not quarantine.is_shortened(one)]


def _stream_links_retry(state: SyncState, pks: Sequence[int], origin: Origin) -> int:
    """Of one stream; one that is back in service by now is left alone."""
    aside = SyncRecord.objects.filter(pk__in=pks, state=LinkState.QUARANTINED).order_by("pk")
    held = list(aside.select_for_update(no_key=True))
    SyncRecord.objects.filter(pk__in=[link.pk for link in held]).update(
        state=LinkState.ACTIVE, state_at=Now(), reason="", revision=F("revision") + 1
    )
    if held:
        jobs.dirty(state.connection_id, held[0].record_type, [link.local_id for link in held])
    _retried_remember(state, [link.external_id for link in held], origin)
    return len(held)


def _retried_remember(state: SyncState | None, names: Sequence[str], origin: Origin) -> None:
    """One act, however many it was done to."""
    if state is not None and names:
        named = names[0] if len(names) == 1 else list(names)
        stream_act_remember(state, diff={"retried": (None, named)}, origin=origin)
