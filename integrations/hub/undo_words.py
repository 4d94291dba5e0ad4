"""What undoing a run would do, what it did and why it cannot be done, in sentences for both doors:
the workspace's own page and the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils import formats, timezone

from crm.models import User
from crm.services.undo import UndoPlan
from crm.templatetags.ui import counted, number
from integrations.hub.errors import Conflict
from integrations.hub.models import RunKind, SyncRun, SyncState
from integrations.hub.subjects import counted_records, noun_of
from integrations.hub.sync.undoing import (
    NOT_UNDOABLE,
    is_undoable,
    run_undo_start,
    undo_asked,
    undo_preview,
)

NOTHING: Final = "Nothing is left to take back."
BEGUN: Final = "The undo has begun. The stream waits until somebody lets it go on."


def undo_refusal(run: SyncRun) -> str:
    """Why the run cannot be undone now; empty when it can."""
    if not is_undoable(run):
        return NOT_UNDOABLE
    if undo_asked(run):
        return undo_asked(run)
    if not SyncState.objects.filter(connection=run.connection_id, object=run.object).exists():
        return "Its stream is gone, so that nobody could decide what follows."
    return ""


def undo_begin(run: SyncRun, *, actor: User) -> None:
    """Hold the stream and begin; the ledger remembers who. Raises Conflict with the reason."""
    refusal = undo_refusal(run)
    if refusal:
        raise Conflict(refusal)
    run_undo_start(run, actor=actor)


@dataclass(frozen=True)
class UndoOutlook:
    """What an undo would do now, a sentence each, and what follows from it.

    `is_empty`: there is nothing to do.
    """

    lines: list[str]
    consequences: str
    is_empty: bool


def hour_words(run: SyncRun) -> str:
    """What a line that is filled for an hour is about; empty for a run that stands alone."""
    if run.kind not in (RunKind.INBOX, RunKind.PUSH) or run.finished_at is None:
        return ""
    begun, ended = (
        formats.date_format(timezone.localtime(at), "TIME_FORMAT")
        for at in (run.started_at, run.finished_at)
    )
    what = "events that came in" if run.kind == RunKind.INBOX else "changes that were sent"
    return f"These are all {what} from {begun} to {ended}, with what they brought along here."


def undo_outlook(run: SyncRun) -> UndoOutlook:
    plan = undo_preview(run)
    vendor = run.connection.provider_name
    consequences = (
        f"What happens next: nothing is changed at {vendor}. Archived records are no longer "
        "linked, so the next sync does not bring them back. These records stop syncing until "
        f"somebody lets the stream go on; then the earlier values are sent to {vendor} in place "
        "of theirs."
    )
    if plan is None:
        return UndoOutlook(_unseen(run), consequences, is_empty=False)
    if plan.is_empty:
        return UndoOutlook([*_kept_lines(plan), NOTHING], "", is_empty=True)
    return UndoOutlook(_planned(run, plan), consequences, is_empty=False)


def undo_told(run: SyncRun) -> str:
    """How far an undo of the run is, or what it did; empty where nobody asked for one."""
    undo = run.details.get("undo")
    if not undo:
        return ""
    done = f"{number(undo['archived'])} archived, {number(undo['restored'])} as before"
    if run.undone_at is None:
        return f"Being undone: {done}, so far."
    return f"Undone: {done}, {number(undo.get('kept', 0))} left as they are."


def _planned(run: SyncRun, plan: UndoPlan) -> list[str]:
    return [
        *([hour_words(run)] if hour_words(run) else []),
        *(
            f"{counted_records(count, name)} made by it will be archived."
            for name, count in sorted(plan.archived.items())
        ),
        *(
            f"{counted_records(count, name)} will get earlier values back."
            for name, count in sorted(plan.restored.items())
        ),
        *_kept_lines(plan),
    ]


def _kept_lines(plan: UndoPlan) -> list[str]:
    """Fields of records, or whole records, that somebody has been at since."""
    return [
        f"{counted(count, 'change')} of {noun_of(name)} records will stay: changed again since, "
        "said no to e-mail, or somebody works with the record."
        for name, count in sorted(plan.kept.items())
    ]


def _unseen(run: SyncRun) -> list[str]:
    """There is too much to look while a person waits: what the run counted."""
    return [
        f"Up to {counted(run.created, 'record')} made by it will be archived.",
        f"Up to {counted(run.updated, 'record')} will get earlier values back.",
        "What changed since, and who said no to e-mail, will stay as it is; the result says how "
        "much that was.",
    ]
