"""Brings dirty records of ours into step with the vendor, a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from crm.models import Record
from integrations.hub.errors import LookAgain, NotFound
from integrations.hub.merge import Direction
from integrations.hub.merge.turns import Result, turn
from integrations.hub.models import Connection, LinkState, RunKind, SyncRecord
from integrations.hub.sync import deletes, guards
from integrations.hub.sync.abandoned import abandoned_settle
from integrations.hub.sync.away import back_tell
from integrations.hub.sync.commits import Taken
from integrations.hub.sync.counting import run_of_hour_locked
from integrations.hub.sync.driver import Driver
from integrations.hub.sync.freeing import settled_free
from integrations.hub.sync.hands import PushHands, Unlinked
from integrations.hub.sync.links import linked_ids
from integrations.hub.sync.making import make_batch
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.merging import merged_keep
from integrations.hub.sync.missed import unsent_note
from integrations.hub.sync.notes import Note, note_of, notes_join, notes_of_waiting
from integrations.hub.sync.ours import records_load
from integrations.hub.sync.parting import parted_look
from integrations.hub.sync.scene import Scene, scene_of, states_of_type
from integrations.hub.sync.tries import tries_close, tries_of
from integrations.hub.sync.waivers import waiver_look

NOT_TAKEN = "The vendor accepted the change but kept another value."


@dataclass
class Pushed:
    """What became of a batch, by our id: nothing in `errors` means that it is in step.

    `notes` tell of those what did not go with it.
    """

    errors: dict[int, Exception] = field(default_factory=dict)
    notes: dict[int, Note] = field(default_factory=dict)

    def fail(self, local_id: int, error: Exception) -> None:
        self.errors.setdefault(local_id, error)

    def add(self, errors: Mapping[int, Exception]) -> None:
        for local_id, error in errors.items():
            self.fail(local_id, error)


def push_batch(connection: Connection, record_type: str, local_ids: Collection[int]) -> Pushed:
    """Bring these records into step on every live stream of their type.

    Raises nothing of its own; what stopped a record stands in `errors`.
    """
    pushed = Pushed()
    states = states_of_type(connection, record_type)
    live = [state for state in states if state.is_live]
    waiting = [state for state in states if not state.is_live]
    if waiting and not unsent_note(waiting, local_ids):
        again = LookAgain("Its stream has gone on just now.", after=1)
        return Pushed(dict.fromkeys(local_ids, again))
    if not live:
        pushed.notes = notes_of_waiting(states, local_ids)
    for state in live:
        scene = scene_of(state, run_of=partial(run_of_hour_locked, state, RunKind.PUSH))
        records = records_load(scene, local_ids)
        deletes.records_erased(scene, set(local_ids) - records.keys())
        own = [one for one in records.values() if scene.stream.is_for(one)]
        done = Pushed()
        _stream_push(scene, own, done)
        done.add(settled_free(scene, set(local_ids) - done.errors.keys(), own))
        pushed.add(done.errors)
        notes_join(pushed.notes, done.notes)
        waiver_look(scene)
    return pushed


def _stream_push(scene: Scene, records: Sequence[Record], pushed: Pushed) -> None:
    links = linked_ids(scene, [record.pk for record in records])
    archived = [one for one in records if record_is_archived(one)]
    for one in archived:
        if one.pk in links:
            _attempt(pushed, scene, one, links[one.pk])
    tries_close(list(tries_of(scene, list(links)).values()))
    alive = [one for one in records if not record_is_archived(one)]
    with transaction.atomic():
        parted = parted_look(scene, [one.pk for one in alive if one.pk not in links])
        merged_keep(scene, parted.merged)
        back_tell(scene, parted.back.values())
    links |= parted.back
    abandoned = [one for one in archived if one.pk not in links]
    abandoned += [one for one in alive if one.pk in parted.apart]
    pushed.add(abandoned_settle(scene, abandoned))
    unlinked = [one for one in alive if one.pk not in links and one.pk not in parted.apart]
    if unlinked and scene.direction != Direction.PULL:
        made = make_batch(scene, unlinked)
        pushed.add(made.errors)
        # What was there already may differ still; what was made just now does not.
        links |= linked_ids(scene, made.adopted)
    taken = _pairs_push(scene, [links[one.pk] for one in alive if one.pk in links], pushed)
    # What the pairs brought along of theirs is guarded as in a pull.
    if taken.line is not None:
        guards.overwrites_check(scene, taken.line)


def _attempt(pushed: Pushed, scene: Scene, record: Record, link: SyncRecord) -> None:
    try:
        deletes.record_archived(scene, record, link)
    except Exception as error:
        pushed.fail(record.pk, error)


def _pairs_push(scene: Scene, links: Sequence[SyncRecord], pushed: Pushed) -> Taken:
    """Both sides of each pair; what that changed of ours."""
    hands = PushHands(scene)
    turns = {
        link.pk: turn(scene.fields, None, is_guarded=scene.stream.is_guarded)
        for link in links
        if link.state == LinkState.ACTIVE
    }
    by_pk = {link.pk: link for link in links}
    outcomes = Driver(hands, turns).run()
    for pk, outcome in outcomes.items():
        if isinstance(outcome, Result):
            _note_unapplied(by_pk[pk], outcome)
            note = note_of(scene.stream.record_type, outcome)
            notes_join(pushed.notes, {by_pk[pk].local_id: note})
        elif isinstance(outcome, NotFound):
            _gone(scene, by_pk[pk], pushed)
        elif not isinstance(outcome, Unlinked):
            pushed.fail(by_pk[pk].local_id, outcome)
    return hands.taken


def _gone(scene: Scene, link: SyncRecord, pushed: Pushed) -> None:
    """Their record is gone: looked at twice, then what the policy says."""
    try:
        deletes.counterpart_missing(scene, link)
    except Exception as error:
        pushed.fail(link.local_id, error)


def _note_unapplied(link: SyncRecord, result: Result) -> None:
    """Some vendors answer well and leave a field as it was; a person should know."""
    if not result.unapplied:
        return
    problems = {**result.plan.failures, **dict.fromkeys(sorted(result.unapplied), NOT_TAKEN)}
    SyncRecord.objects.filter(pk=link.pk).update(problems=problems)
