"""What a try that went well did not do, in words: nobody should take "done" for "sent"."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integrations.hub.conflict_lines import field_words
from integrations.hub.merge.turns import Result
from integrations.hub.models import SyncStage, SyncState


@dataclass(frozen=True)
class Note:
    """`is_sent`: something was sent all the same; without words, all of it was."""

    words: str
    is_sent: bool


def notes_join(known: dict[int, Note], more: Mapping[int, Note]) -> None:
    """A record may be in several streams: what each says of it, by our id."""
    for local_id, note in more.items():
        before = known.get(local_id, Note("", is_sent=False))
        words = f"{before.words} {note.words}".strip()
        known[local_id] = Note(words, is_sent=before.is_sent or note.is_sent)


def note_of(record_type: str, result: Result) -> Note:
    """Of a pair that has had its turn."""
    waiting = [one.name for one in result.plan.conflicts if one.winner is None]
    is_sent = bool(result.pushed)
    beginning = "Sent, but" if is_sent else "Not sent:"
    if waiting:
        end = f"{'waits' if len(waiting) == 1 else 'wait'} for a decision under Conflicts."
        return Note(f"{beginning} {_names(record_type, waiting)} {end}", is_sent)
    if result.plan.failures:
        end = f"{'has' if len(result.plan.failures) == 1 else 'have'} no counterpart there now."
        return Note(f"{beginning} {_names(record_type, result.plan.failures)} {end}", is_sent)
    return Note("" if is_sent else "Nothing had to be sent.", is_sent)


def _names(record_type: str, paths: Iterable[str]) -> str:
    return ", ".join(field_words(record_type, path) for path in paths)


def notes_of_waiting(states: Iterable[SyncState], local_ids: Collection[int]) -> dict[int, Note]:
    """No stream of these records is at work."""
    words = " ".join(_waiting_words(state) for state in states) or "Not sent: no stream takes it."
    return dict.fromkeys(local_ids, Note(words, is_sent=False))


def _waiting_words(state: SyncState) -> str:
    if not state.is_enabled:
        return "Not sent: its stream is switched off."
    if state.stage != SyncStage.LIVE:
        return "Not sent: the first sync has not been accepted yet."
    return "Not sent: its stream waits until somebody lets it go on."
