"""Decides what both sides changed: a person says whose value stays, the engine carries it out."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import formats, timezone

from crm.models import User, Workspace
from integrations.hub import jobs, wake
from integrations.hub.conflict_lines import conflict_lines
from integrations.hub.errors import Conflict
from integrations.hub.mapping.versions import edit_remember
from integrations.hub.merge import Side
from integrations.hub.models import (
    ConflictState,
    Connection,
    ConnectionState,
    LinkState,
    SyncConflict,
)

MOST_AT_ONCE = 500


def conflicts_of(workspace: Workspace) -> QuerySet[SyncConflict]:
    """All that were ever seen on the workspace's connections, the latest first."""
    rows = SyncConflict.objects.filter(connection__workspace=workspace)
    return rows.select_related("connection", "link", "resolved_by").order_by("-pk")


def open_count(workspace: Workspace) -> int:
    return conflicts_of(workspace).filter(state=ConflictState.OPEN).count()


def open_of_connection(connection: Connection, object: str = "") -> int:
    """How many wait for a person, of the whole connection or of one kind of thing of theirs."""
    rows = SyncConflict.objects.filter(connection=connection, state=ConflictState.OPEN)
    return rows.filter(object=object).count() if object else rows.count()


@transaction.atomic
def conflict_resolve(conflict: SyncConflict, *, winner: Side, actor: User) -> SyncConflict:
    """Let one side's value stay; the record is compared anew and the value travels.

    It holds for the two values the person saw: if one has changed by then, a person is asked again.
    Raises errors.Conflict for one that is decided or closed, or whose records are not kept in step.
    """
    # Without the joined rows, which others may hold.
    row = SyncConflict.objects.select_for_update(of=("self",)).get(pk=conflict.pk)
    _check(row)
    before = {"state": row.state, "winner": row.winner}
    SyncConflict.objects.filter(pk=row.pk).update(
        state=ConflictState.DECIDED, winner=winner.value, resolved_by=actor, resolved_at=Now()
    )
    row.refresh_from_db()
    after = {"state": row.state, "winner": row.winner}
    edit_remember(row, row.connection, before=before, after=after, actor=actor)
    jobs.dirty(row.connection_id, row.record_type, [row.local_id])
    wake.wake_on_commit()
    return row


def conflicts_resolve(
    conflicts: Iterable[SyncConflict], *, winner: Side, actor: User
) -> tuple[int, list[str]]:
    """The same for many, each for itself: how many were decided, and why the others were not."""
    done, refused = 0, []
    for conflict in conflicts:
        try:
            conflict_resolve(conflict, winner=winner, actor=actor)
        except Conflict as refusal:
            (line,) = conflict_lines([conflict])
            refused.append(f"{line.label} of {line.record}: {refusal}")
        else:
            done += 1
    return done, refused


def _check(row: SyncConflict) -> None:
    if row.state == ConflictState.DECIDED:
        raise Conflict(f"{_decided_words(row)} It is being carried out.")
    if row.state == ConflictState.LEFT or row.link.state == LinkState.TOMBSTONE:
        raise Conflict("The record is not linked any more, so nothing can be carried out.")
    if row.state != ConflictState.OPEN:
        raise Conflict(_closed_words(row))
    if row.connection.state == ConnectionState.DISABLED:
        raise Conflict(f"{row.connection} is disconnected, so nothing can be carried out.")


def _closed_words(row: SyncConflict) -> str:
    """Who or what has closed it, and when."""
    if row.resolved_by is not None:
        return _decided_words(row)
    if row.state == ConflictState.SETTLED:
        return "This is closed: the rule has settled it."
    return f"This is closed: the two sides agree{_when(row)}."


def _decided_words(row: SyncConflict) -> str:
    who = row.resolved_by or "somebody"
    kept = "the value here stays" if row.winner == Side.OURS else "their value is taken"
    return f"This was decided already by {who}{_when(row)}: {kept}."


def _when(row: SyncConflict) -> str:
    if row.resolved_at is None:
        return ""
    return f" on {formats.date_format(timezone.localtime(row.resolved_at), 'DATETIME_FORMAT')}"
