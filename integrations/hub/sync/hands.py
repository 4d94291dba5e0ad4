"""What turns of a batch of pairs are answered with: set-based reads and writes on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from integrations.hub.errors import HubError, NotFound, OutcomeUnknown
from integrations.hub.faults import fault
from integrations.hub.merge import Theirs
from integrations.hub.merge.turns import Commit, Drop, Load, Read, Row, Send, Settle, State
from integrations.hub.models import JobKind, JobState, LinkState, SyncJob
from integrations.hub.streams import RemoteRecord, Write, Written
from integrations.hub.sync.away import back_tell
from integrations.hub.sync.commits import Taken, commit_pairs, remapped, settle_pairs
from integrations.hub.sync.intents import drop_intents
from integrations.hub.sync.lagging import Standing, is_newer, may_lag, standing
from integrations.hub.sync.merging import merges_met
from integrations.hub.sync.ours import Pair, pairs_load, states_of
from integrations.hub.sync.page import Page, Source
from integrations.hub.sync.remote import (
    database_now,
    is_refused,
    marks,
    remote_read,
    remote_write,
    told,
)
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.telling_times import pending_at, told_of, undated, without_old
from integrations.hub.sync.unsent import unsent
from integrations.hub.sync.vanishing import vanished_note


class Unlinked(HubError):
    """The link or our record is gone by now; there is nothing to do."""

    code = "unlinked"


class LeftToAJob(HubError):
    """A page takes over only; what needs a look or a write is left to the record's own job."""

    code = "left"


class PairHands:
    """Our side's steps, the same for all; how theirs is read and written is each one's own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.pairs: dict[int, Pair] = {}
        self.taken = Taken()

    def load(self, steps: Mapping[int, Load]) -> dict[int, Any]:
        loaded = pairs_load(self.scene, steps)
        self.pairs |= loaded
        alive = {pk: pair for pk, pair in loaded.items() if pair.link.state == LinkState.ACTIVE}
        newer = {pk for pk, pair in alive.items() if self.scene.is_outdated_for(pair.link)}
        states = states_of(self.scene, {pk: alive[pk] for pk in alive.keys() - newer})
        answers: dict[int, Any] = {pk: states.get(pk) or Unlinked() for pk in steps}
        return answers | {pk: remapped() for pk in newer}

    def commit(self, steps: Mapping[int, Commit]) -> Mapping[int, Any]:
        return commit_pairs(self.scene, self.pairs, steps, self.taken)

    def settle(self, steps: Mapping[int, Settle]) -> Mapping[int, Any]:
        return settle_pairs(self.scene, self.pairs, steps)

    def drop(self, steps: Mapping[int, Drop]) -> Mapping[int, Any]:
        drop_intents([step.key for step in steps.values()])
        return dict.fromkeys(steps)


class StandsRefused(HubError):
    """The vendor refused what would be sent, and ours is as it was then."""

    code = "refused"


class NothingNew(HubError):
    """What was listed is older than what is known."""

    code = "nothing_new"


class PageHands(PairHands):
    """A page calls nobody: a pair that wants more is left to its own job.

    What the vendor has refused is not sent again before ours changes; what theirs brings is taken,
    unless it may be older than what is known: a list lags behind, and an event comes late. `rows`
    are theirs by link, as the page has them.
    """

    def __init__(self, page: Page, rows: Mapping[int, Row]) -> None:
        super().__init__(page.scene)
        self.page = page
        self.source = page.source
        self.rows = rows
        self.refused: set[int] = set()
        self.in_doubt: set[int] = set()
        self.late: set[int] = set()

    def load(self, steps: Mapping[int, Load]) -> dict[int, Any]:
        answers = super().load(steps)
        states = {pk: one for pk, one in answers.items() if isinstance(one, State)}
        self.in_doubt -= states.keys()
        self.in_doubt |= {pk for pk, one in states.items() if any(i.is_open for i in one.intents)}
        return answers

    def commit(self, steps: Mapping[int, Commit]) -> Mapping[int, Any]:
        steps = {pk: self._without_old(pk, step) for pk, step in steps.items()}
        wanting = [pk for pk, step in steps.items() if step.planned.pushes]
        self.refused = self._refused(wanting)
        left: dict[int, Any] = {}
        if self.source == Source.LISTED:
            left = self._no_news(steps)
        leaving = {pk for pk in wanting if pk not in self.refused} - left.keys()
        left |= dict.fromkeys(leaving, LeftToAJob())
        if self.scene.stream.read is None:
            left |= self._told_kept({pk: steps[pk] for pk in leaving})
        taken = {pk: unsent(step) for pk, step in steps.items() if pk not in left}
        return {**left, **super().commit(taken)}

    def _told_kept(self, steps: Mapping[int, Commit]) -> dict[int, Any]:
        """Their job cannot look: what this row tells is all that it will know of theirs."""
        answers = super().commit({pk: unsent(one) for pk, one in steps.items()})
        return {pk: LeftToAJob() if one == "" else one for pk, one in answers.items()}

    def _without_old(self, pk: int, step: Commit) -> Commit:
        """Where nobody can be asked; what must have been listed by now is believed."""
        is_late = self.source == Source.TOLD or pk in self.late or may_lag(self.scene, step)
        if self.scene.stream.read is not None or not is_late:
            return step
        link = self.pairs[pk].link
        told = told_of(self.scene, step, self.page.asked_at_of(link.external_id))
        return without_old(self.scene, link, step, told, self.scene.codecs.keys())

    def _no_news(self, steps: Mapping[int, Commit]) -> dict[int, Any]:
        answers = {
            Standing.OLD: NothingNew("What is known is newer."),
            Standing.UNSURE: LeftToAJob(),
        }
        found = {pk: standing(self.scene, self.pairs[pk].link, step) for pk, step in steps.items()}
        return {pk: answers[one] for pk, one in found.items() if one in answers}

    def _refused(self, link_ids: Sequence[int]) -> set[int]:
        """Those whose job died of a refusal, and whose record of ours is as it was sent then."""
        same = [pk for pk in link_ids if self._is_as_compared(self.pairs[pk])]
        if not same:
            return set()
        records = {self.pairs[pk].record.pk: pk for pk in same}
        died = SyncJob.objects.filter(
            connection=self.scene.connection,
            kind=JobKind.PUSH,
            state=JobState.DEAD,
            record_type=self.scene.stream.record_type,
            record_id__in=list(records),
        ).exclude(reason="transient")
        return {records[record_id] for record_id in died.values_list("record_id", flat=True)}

    def _is_as_compared(self, pair: Pair) -> bool:
        return pair.link.local_version >= pair.record.version

    def read(self, steps: Mapping[int, Read]) -> Mapping[int, Any]:
        """A row that was passed by an event is taken all the same, where it comes no more."""
        late = {pk for pk in steps if self._is_all_there_is(pk)}
        self.late |= late
        at = database_now()
        return {
            pk: replace(self.rows[pk], read_at=at) if pk in late else LeftToAJob() for pk in steps
        }

    def _is_all_there_is(self, pk: int) -> bool:
        """Whether nobody can be asked for what the row brings, nor is it listed once more.

        A write in doubt is sent again by its job, after which the thing is.
        """
        if self.source != Source.LISTED or self.scene.stream.read is not None:
            return False
        return pk not in self.in_doubt and is_newer(self.scene, self.pairs[pk].link, self.rows[pk])

    def send(self, steps: Mapping[int, Send]) -> Mapping[int, Any]:
        return {pk: StandsRefused() if pk in self.refused else LeftToAJob() for pk in steps}


class PushHands(PairHands):
    """Reads their records in batches, and sends in batches."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.read_records: dict[int, RemoteRecord] = {}

    def read(self, steps: Mapping[int, Read]) -> Mapping[int, Any]:
        """A record that is gone is answered with NotFound, one that was merged is left alone."""
        if self.scene.stream.read is None:
            return {pk: self._as_known(pk) for pk in steps}
        at = database_now()
        found = remote_read(self.scene, [step.external_id for step in steps.values()])
        self.scene.tables.prefetch_theirs(self.scene.mapper, list(found.values()))
        links = {step.external_id: self.pairs[pk].link for pk, step in steps.items()}
        vanished_note(self.scene, links, found)
        answers: dict[int, Any] = {}
        merged = {}
        for pk, step in steps.items():
            record = found.get(step.external_id)
            if record is None or record.is_deleted:
                answers[pk] = NotFound("Their record is gone.")
            elif record.id != step.external_id:
                # The survivor's values are another's, unless the link leads there from now on.
                merged[step.external_id] = record
                answers[pk] = Unlinked()
            else:
                self.read_records[pk] = record
                answers[pk] = Row(self.scene.theirs(record), at)
        if merged:
            merges_met(self.scene, merged)
        return answers

    @transaction.atomic
    def commit(self, steps: Mapping[int, Commit]) -> Mapping[int, Any]:
        """What is only known tells nothing of when the thing as a whole was written.

        What is there again is told in the commit that says so: no later word is sure to come.
        """
        if self.scene.stream.read is None:
            steps = {pk: undated(step) for pk, step in steps.items()}
        answers = super().commit(steps)
        back, self.taken.back = self.taken.back, []
        back_tell(self.scene, back)
        return answers

    def send(self, steps: Mapping[int, Send]) -> Mapping[int, Any]:
        """What was refused for certain leaves no intent behind."""
        fault("push.before_api")
        writes = [self._write(pk, step) for pk, step in steps.items()]
        written = remote_write(self.scene, writes)
        fault("push.after_api")
        answers = {pk: self._answer(written.get(step.key)) for pk, step in steps.items()}
        refused = [pk for pk, answer in answers.items() if is_refused(answer)]
        drop_intents([steps[pk].key for pk in refused])
        return answers

    def _write(self, pk: int, step: Send) -> Write:
        scene, pair = self.scene, self.pairs[pk]
        read = self.read_records.get(pk)
        values = scene.mapper.for_vendor(step.values)
        values |= marks(scene, pair.record.pk, step.key, read)
        return Write(step.key, step.external_id, scene.id_mark(pair.record.pk), values, read)

    def _answer(self, one: Written | None) -> Theirs | HubError:
        if one is None:
            return OutcomeUnknown("The vendor did not say what became of the record.")
        if one.error is not None:
            return one.error
        return told(self.scene, one.record)

    def _as_known(self, pk: int) -> Row:
        """A vendor that cannot be asked is taken to be as it was told last."""
        link, at = self.pairs[pk].link, database_now()
        told_at = pending_at(self.scene, link, at)
        theirs = Theirs(self.scene.known_of(link), link.remote_version, told_at)
        return Row(theirs, at, is_seen=False)
