"""Streams that stopped to ask: told to admins once, and sent on or out of service by a person."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, When
from django.db.models.functions import Now

from crm.choices import Severity
from crm.models import Change, User
from crm.services.origin import Origin, by_user
from integrations.hub import wake
from integrations.hub.acts import act_remember, stream_act_remember
from integrations.hub.errors import Conflict
from integrations.hub.models import (
    Connection,
    JobKind,
    JobState,
    SyncJob,
    SyncStage,
    SyncState,
)
from integrations.hub.notices import connection_alert, connection_alert_over
from integrations.hub.sync.counting import lines_release
from integrations.hub.sync.missed import archived_links, gone_links, missed_send
from integrations.hub.sync.rereading import streams_read_whole
from integrations.hub.sync.scene import Scene, scene_of

ALERT: Final = "sync_held"
HELD, GOING = "held", "live"


def hold(state: SyncState, words: str) -> None:
    """Stop the stream until a person has looked; admins hear of it once."""
    stopped = SyncState.objects.filter(pk=state.pk, hold_reason="")
    is_new = bool(stopped.update(hold_reason=words[:500], **leave_over()))
    state.hold_reason = words[:500]
    if is_new:
        _tell(state)


def streams_back(connection: Connection) -> None:
    """The connection was disconnected, and is back: its streams make up for what they missed.

    Ours is sent, as far as it comes now; that theirs is read whole, and ours looked through after
    it, is noted by then, of held ones too.
    """
    states = SyncState.objects.filter(connection=connection, is_enabled=True)
    live = states.filter(stage=SyncStage.LIVE, hold_reason="")
    for state in live.select_related("connection__workspace"):
        # A stream that the provider has no more sends nothing.
        with suppress(Conflict):
            missed_send(scene_of(state))


def held_tell(connection: Connection) -> None:
    """What waits for a decision is told again: its alerts have ended with the connection."""
    states = SyncState.objects.filter(connection=connection, is_enabled=True)
    for state in states.exclude(hold_reason="").select_related("connection__workspace"):
        _tell(state)


def _tell(state: SyncState) -> None:
    connection_alert(
        state.connection,
        ALERT,
        f"{state.connection.name} has stopped: {state.hold_reason}"[:500],
        Severity.URGENT,
        cause=state.object,
    )


def hold_go_on(state: SyncState, *, actor: User) -> None:
    """Do what was held back, this once; what changed here meanwhile is sent.

    Raises Conflict when the stream does not wait for anybody, or the provider has it no more.
    """
    with transaction.atomic():
        held = SyncState.objects.filter(pk=state.pk).exclude(hold_reason="")
        leave = {"is_guard_waived": True, "let_through_at": Now()}
        if not held.update(hold_reason="", next_run_at=Now(), **leave):
            raise Conflict("Nothing waits for you here: the stream goes on already.")
        act_remember(state, before=HELD, after=GOING, actor=actor)
        lines_release(state)
        state.refresh_from_db()
        missed_send(scene_of(state))
    connection_alert_over(state.connection, ALERT, state.object)
    wake.wake_on_commit()


def stream_stop(state: SyncState, *, actor: User) -> None:
    """Out of service until a person starts it again; what it holds stays as it is."""
    stream_switch(state, is_enabled=False, origin=by_user(actor))


def stream_start(state: SyncState, *, actor: User) -> None:
    """Into service again; one that was stopped while it was held still waits for a decision."""
    stream_switch(state, is_enabled=True, origin=by_user(actor))


@transaction.atomic
def stream_switch(state: SyncState, *, is_enabled: bool, origin: Origin) -> None:
    """Off: nothing is read or sent; on: what was missed meanwhile is read and sent."""
    before = state.is_enabled
    if before == is_enabled:
        return
    SyncState.objects.filter(pk=state.pk).update(is_enabled=is_enabled)
    if is_enabled:
        streams_read_whole(SyncState.objects.filter(pk=state.pk))
    stream_act_remember(state, diff={"is_enabled": (before, is_enabled)}, origin=origin)
    state.refresh_from_db()
    if not is_enabled:
        connection_alert_over(state.connection, ALERT, state.object)
    elif state.is_live:
        missed_send(scene_of(state))
    elif state.hold_reason:
        _tell(state)
    wake.wake_on_commit()


def leave_over() -> dict[str, Any]:
    """What ends the leave that a person gave, if there is one, as values of the stream's row."""
    until = Case(When(is_guard_waived=True, then=Now()), default=F("let_through_until"))
    return {"is_guard_waived": False, "let_through_until": until}


def archived_since(scene: Scene, since: datetime) -> Exists:
    """Condition of a link whose record is archived: that it was after this time.

    By the ledger, since only its times are of the database's clock, as that one is.
    """
    turns = Change.objects.filter(
        workspace=scene.connection.workspace_id,
        record_type=scene.stream.record_type,
        record_id=OuterRef("local_id"),
        at__gt=since,
        diff__has_key="archived_at",
    )
    return Exists(turns)


def is_waiver_over(scene: Scene) -> bool:
    """Whether all that a person let through has been done: a run is over, and so are deletions.

    What was archived since then is not among it.
    """
    jobs_due = SyncJob.objects.filter(
        connection=scene.connection,
        kind=JobKind.PUSH,
        record_type=scene.stream.record_type,
        record_id=OuterRef("local_id"),
        state__in=(JobState.READY, JobState.LEASED),
    )
    archived, since = archived_links(scene), scene.state.let_through_at
    if since is not None:
        archived = archived.exclude(archived_since(scene, since))
    parts = (archived, gone_links(scene))
    return not any(links.filter(Exists(jobs_due)).exists() for links in parts)
