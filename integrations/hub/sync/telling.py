"""Takes over what a web-hook tells of a thing, where the vendor cannot be asked for it.

Only some fields are told; of the others the vendor is taken to be as it was. Calls nobody: what the
plan would send is left to the record's own job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from integrations.hub import jobs
from integrations.hub.errors import Ignored, LookAgain
from integrations.hub.merge import Theirs
from integrations.hub.merge.turns import Commit, Read, Row, Send, turn
from integrations.hub.models import Connection, LinkState, SyncRecord, SyncStage, SyncState
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.driver import Driver
from integrations.hub.sync.hands import PairHands, Unlinked
from integrations.hub.sync.links import links_of
from integrations.hub.sync.pages import page_apply
from integrations.hub.sync.remote import database_now, told
from integrations.hub.sync.scene import Scene, scene_of
from integrations.hub.sync.telling_times import told_note, told_of, undated, without_old
from integrations.hub.sync.unsent import unsent

# How often what was told is tried while its stream waits for a person.
HELD_SECONDS: Final = 600


def told_take(
    connection: Connection,
    object: str,
    record: RemoteRecord,
    *,
    received_at: datetime | None = None,
) -> SyncRecord | None:
    """Take over the fields in `record.values`; the link, or None for what was set aside.

    A thing that is not known is matched with ours, or made here. A field that was told since keeps
    its value: by `record.modified_at`, else by `received_at`, when the event came in. Call it in
    the transaction of a fact. Raises Ignored while the stream is not at work, LookAgain while it
    waits for a person and lists nothing, and Conflict where ours changed again and again meanwhile.
    """
    scene = _scene(connection, object)
    link = links_of(scene, [record.id]).get(record.id)
    if link is None:
        # The fields that are told are of that time; of the others nothing is known.
        page_apply(scene, [replace(record, modified_at=None)], read_at=database_now())
        link = links_of(scene, [record.id]).get(record.id)
    if link is not None and link.state == LinkState.ACTIVE:
        _pair_take(scene, link, record, received_at)
    return link


def _scene(connection: Connection, object: str) -> Scene:
    """What is told before the first sync is brought by it; of another's stream nothing is taken."""
    states = SyncState.objects.filter(connection=connection, object=object)
    state = states.select_related("connection__workspace").first()
    if state is not None and _is_only_told(state):
        raise LookAgain(
            f"{object} waits for a decision; what is told stays here", after=HELD_SECONDS
        )
    if state is None or not state.is_live or not state.is_pulled:
        raise Ignored(f"{object} is not taken over on this connection now")
    return scene_of(state)


def _is_only_told(state: SyncState) -> bool:
    """Whether the stream is held, and no list will bring what is told meanwhile."""
    stream = state.connection.declaration.stream(state.object)
    is_held = bool(state.hold_reason) and state.stage == SyncStage.LIVE and state.is_enabled
    return is_held and stream is not None and stream.pull is None


def _pair_take(
    scene: Scene, link: SyncRecord, record: RemoteRecord, received_at: datetime | None
) -> None:
    said = told(scene, record)
    hands = ToldHands(scene, _whole(scene, link, said), said.values.keys(), received_at)
    turns = {link.pk: turn(scene.fields, hands.row, is_guarded=True)}
    outcome = Driver(hands, turns).run()[link.pk]
    if isinstance(outcome, _LeftToAJob):
        jobs.dirty(scene.connection.pk, link.record_type, [link.local_id])
    elif isinstance(outcome, Exception) and not isinstance(outcome, Unlinked):
        raise outcome


def _whole(scene: Scene, link: SyncRecord, said: Theirs) -> Row:
    """What was told, and for the rest what they were known to hold."""
    return Row(replace(said, values={**scene.known_of(link), **said.values}), database_now())


class ToldHands(PairHands):
    """Takes over what was told; what would be sent waits for a job of its own."""

    def __init__(
        self, scene: Scene, row: Row, names: Collection[str], received_at: datetime | None
    ) -> None:
        super().__init__(scene)
        self.row = row
        self.names = names
        self.received_at = received_at

    def read(self, steps: Mapping[int, Read]) -> Mapping[int, Any]:
        """There is no newer look than the one that was told."""
        return {pk: replace(self.row, read_at=database_now()) for pk in steps}

    def commit(self, steps: Mapping[int, Commit]) -> Mapping[int, Any]:
        told = {pk: told_of(self.scene, step, self.received_at) for pk, step in steps.items()}
        steps = {
            pk: without_old(self.scene, self.pairs[pk].link, step, told[pk], self.names)
            for pk, step in steps.items()
        }
        answers = super().commit({pk: unsent(undated(step)) for pk, step in steps.items()})
        for pk in [pk for pk, answer in answers.items() if answer == ""]:
            link, seen_at = self.pairs[pk].link, steps[pk].row.read_at
            told_note(self.scene, link, told[pk], self.names, seen_at=seen_at)
        left = {
            pk: _LeftToAJob()
            for pk, answer in answers.items()
            if answer == "" and steps[pk].planned.pushes
        }
        return {**answers, **left}

    def send(self, steps: Mapping[int, Send]) -> Mapping[int, Any]:
        return {pk: _LeftToAJob() for pk in steps}


class _LeftToAJob(Exception):
    """Ends a turn that has taken over what was told, and has something to send."""
