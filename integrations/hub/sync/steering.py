"""What an operator may tell a stream to do; every act is remembered in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    SyncRecord,
    SyncStage,
    SyncState,
    TheirDelete,
)
from integrations.hub.sync import quarantine
from integrations.hub.sync.hinting import inbound_add

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


@transaction.atomic
def stream_sync_now(state: SyncState, *, origin: Origin, is_full: bool = False) -> None:
    """Pull at once; `is_full` reads everything anew and compares it.

    Raises Conflict while the stream is not live, with what to do about it.
    """
    _check_live(state)
    values: dict[str, Any] = {"is_full_wanted": True, "run_cursor": None} if is_full else {}
    SyncState.objects.filter(pk=state.pk).update(next_run_at=Now(), error_count=0, **values)
    stream_act_remember(state, diff={"sync": (None, "full" if is_full else "now")}, origin=origin)
    wake.wake_on_commit()


@transaction.atomic
def cursor_rewind(state: SyncState, to: datetime, *, origin: Origin) -> None:
    """Read again all that was modified since; nothing is doubled by it.

    A worker that is at a page loses the stream. Raises Conflict for a time in the future, and
    where nothing has been read yet.
    """
    if to.tzinfo is None or to > datetime.now(UTC):
        raise Conflict("Give a time in the past, with its time zone.")
    _check_live(state)
    held = SyncState.objects.select_for_update().get(pk=state.pk)
    if not held.cursor:
        raise Conflict("Nothing has been read to its end yet; there is nothing to go back to.")
    before = held.cursor.get("at")
    SyncState.objects.filter(pk=state.pk).update(
        cursor={"at": to.astimezone(UTC).isoformat()},
        run_cursor=None,
        lease_token=None,
        lease_until=None,
        next_run_at=Now(),
    )
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
    SyncState.objects.filter(pk=state.pk).update(**wanted, interval_seconds=shortest)
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

    How many: one that is known by the beginning of its id only is left alone.
    """
    count = 0
    for item in items:
        if quarantine.is_shortened(item.external_id):
            continue
        if item.external_id:
            inbound_add(item.connection, item.object, [item.external_id])
        elif item.local_id is not None:
            jobs.dirty(item.connection_id, item.record_type, [item.local_id])
        _remember_item(item, origin)
        count += 1
    wake.wake_on_commit()
    return count


@transaction.atomic
def links_retry(links: Iterable[SyncRecord], *, origin: Origin) -> int:
    """Take pairs that were set aside back into service."""
    count = 0
    for link in links:
        if link.state != LinkState.QUARANTINED:
            continue
        SyncRecord.objects.filter(pk=link.pk).update(
            state=LinkState.ACTIVE, state_at=Now(), reason="", revision=F("revision") + 1
        )
        jobs.dirty(link.connection_id, link.record_type, [link.local_id])
        state = SyncState.objects.get(connection=link.connection_id, object=link.object)
        stream_act_remember(state, diff={"retried": (None, link.external_id)}, origin=origin)
        count += 1
    wake.wake_on_commit()
    return count


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


def _check_live(state: SyncState) -> None:
    fresh = SyncState.objects.get(pk=state.pk)
    if not fresh.is_enabled:
        raise Conflict(f"{state} is switched off: switch it on first.")
    if fresh.stage != SyncStage.LIVE:
        raise Conflict(f"The first sync of {state} has not been accepted yet.")
    if fresh.hold_reason:
        raise Conflict(f"{state} waits for a decision: {fresh.hold_reason}")


def _remember_item(item: QuarantinedItem, origin: Origin) -> None:
    state = SyncState.objects.filter(connection=item.connection_id, object=item.object).first()
    if state is not None:
        named = item.external_id or str(item.local_id)
        stream_act_remember(state, diff={"retried": (None, named)}, origin=origin)
