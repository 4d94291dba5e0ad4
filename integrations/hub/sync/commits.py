"""Stores what turns have decided, set by set: records, bases, intents, conflicts; in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.services.batches import BatchResult, records_write
from integrations.hub.errors import Conflict
from integrations.hub.faults import fault
from integrations.hub.merge import Plan
from integrations.hub.merge.turns import Commit, Settle, settled
from integrations.hub.models import IntentOutcome, SyncRecord, SyncRun
from integrations.hub.sync import clashes, flips
from integrations.hub.sync.bases import base_written
from integrations.hub.sync.counting import run_count
from integrations.hub.sync.intents import intents_close, intents_end, intents_open
from integrations.hub.sync.link_rows import Kept, link_row, links_store, rows_store
from integrations.hub.sync.ours import Pair
from integrations.hub.sync.page import Counts
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.telling_times import answers_note


@dataclass
class Taken:
    """How many records of ours a batch has changed, and the line that it was told in last.

    `back` are links whose things had been missed, and are there.
    """

    updated: int = 0
    line: SyncRun | None = None
    back: list[SyncRecord] = field(default_factory=list)

    def add(self, scene: Scene, run: SyncRun | None, updated: int) -> None:
        """In the transaction of the writes; what a page takes over is counted with the page."""
        self.updated += updated
        if scene.run is None and run is not None and updated:
            run_count(run, Counts(seen=updated, updated=updated))
            self.line = run


@transaction.atomic
def commit_pairs(
    scene: Scene, pairs: Mapping[int, Pair], commits: Mapping[int, Commit], taken: Taken
) -> dict[int, Any]:
    """The answers to commits, by link: a new intent's key, "", or None for a pair that raced.

    A pair that flaps is set aside instead; its answer is the error.
    """
    answers: dict[int, Any] = dict.fromkeys(commits)
    unchanged = _held(scene, pairs, commits)
    kept: dict[int, Kept] = {}
    pulls: dict[int, dict[str, Any]] = {}
    for pk in unchanged:
        pair, commit = pairs[pk], commits[pk]
        counted = flips.counted(pair.link.flips, commit.planned)
        if counted is None:
            answers[pk] = flips.quarantine(pair.link, commit.planned)
            continue
        kept[pk] = Kept(
            pair, commit, commit.planned.base, _problems(pair.link, commit.planned), counted
        )
        if commit.planned.pulls:
            pulls[pk] = scene.mapper.for_service(commit.planned.pulls)
    kept |= _pulled(scene, kept, pulls, taken)
    links_store(scene, list(kept.values()))
    intents_close(kept)
    clashes.record(scene, {pk: (one.pair, one.commit) for pk, one in kept.items()})
    seen = [one for one in kept.values() if one.commit.row.is_seen]
    taken.back += [one.pair.link for one in seen if one.pair.link.gone_at is not None]
    return answers | intents_open(scene, kept)


def settle_pairs(
    scene: Scene, pairs: Mapping[int, Pair], settles: Mapping[int, Settle]
) -> dict[int, Any]:
    """What was sent has been answered: bases and intents, in one commit.

    Where a newer mapping has compared the pair meanwhile, the intent stays: the next look, by the
    mapping of then, finds what landed. So does what a person decided.
    """
    fault("push.before_settle")
    with transaction.atomic():
        links = _locked(settles)
        newer = {pk for pk, link in links.items() if scene.is_outdated_for(link)}
        known = {pk: link for pk, link in links.items() if pk not in newer}
        now = database_now()
        rows = [
            _settled_row(scene, pairs[pk].link, link, settles[pk], now)
            for pk, link in known.items()
        ]
        rows_store(scene, rows, waits_for=None)
        if scene.stream.read is None:
            answers_note(scene, known, settles, answered_at=now)
        ended = [step.key for pk, step in settles.items() if pk not in newer]
        intents_end(ended, IntentOutcome.APPLIED)
        clashes.applied(known.values())
    return {pk: remapped() if pk in newer else None for pk in settles}


def remapped() -> Conflict:
    """For a pair that this worker's mapping is too old for; it is looked at anew."""
    return Conflict("The mapping was edited meanwhile; the two are compared again.")


def _settled_row(
    scene: Scene, before: SyncRecord, link: SyncRecord, step: Settle, answered_at: datetime
) -> dict[str, Any]:
    """What was told while the write was on its way may be older than it, or newer: there the two
    are compared again, as both have changed.

    `before` is the link as it was when the write was planned.
    """
    pending, known = scene.pending_of(link), scene.pending_of(before)
    told = {path for path in pending if path not in known or known[path] != pending[path]}
    sent = {path: one for path, one in step.planned.pushes.items() if path not in told}
    planned = replace(step.planned, pushes=sent)
    base = settled(scene.fields, scene.base_of(link), planned, step.answer)
    answer = step.answer
    if scene.stream.read is None:
        # Of what we did not send nobody has heard yet, nor can anybody ask.
        answer = replace(answer, modified_at=None)
    row = link_row(scene, link, base, link.problems, link.flips, answer, at=answered_at)
    left = {path: held for path, held in pending.items() if path not in sent}
    return row | {"theirs_pending": left}


def _locked(ids: Mapping[int, Any]) -> dict[int, SyncRecord]:
    rows = SyncRecord.objects.filter(pk__in=list(ids)).order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True)}


def _held(scene: Scene, pairs: Mapping[int, Pair], commits: Mapping[int, Commit]) -> list[int]:
    """The pairs neither side of which was written since they were loaded, locked; in order."""
    links = _locked(commits)
    same = [pk for pk, link in links.items() if link.revision == pairs[pk].link.revision]
    ids = [pairs[pk].record.pk for pk in same]
    rows = scene.model._default_manager.filter(pk__in=ids).order_by("pk")
    versions = dict(rows.select_for_update(no_key=True).values_list("pk", "version"))
    return [
        pk for pk in same if versions.get(pairs[pk].record.pk) == commits[pk].state.ours.version
    ]


def _pulled(
    scene: Scene, kept: Mapping[int, Kept], pulls: Mapping[int, dict[str, Any]], taken: Taken
) -> dict[int, Kept]:
    """Write what is taken over; the base holds it as our records show it then."""
    ids = [pk for pk in kept if pk in pulls]
    if not ids:
        return {}
    run = scene.writing_run()
    _, results = records_write(
        scene.model,
        workspace=scene.connection.workspace,
        creates=[],
        updates=[(kept[pk].pair.record.pk, pulls[pk]) for pk in ids],
        origin=scene.origin_of(run),
        drop_bad_fields=True,
    )
    taken.add(scene, run, sum(result.is_changed for result in results))
    return {
        pk: _as_written(scene, kept[pk], result) for pk, result in zip(ids, results, strict=True)
    }


def _as_written(scene: Scene, one: Kept, result: BatchResult) -> Kept:
    planned = one.commit.planned
    base, refused = base_written(scene, planned, result, before=one.commit.state.base)
    problems = {**one.problems, **refused}
    return replace(one, base=base, problems=problems, is_written=result.is_changed)


def _problems(link: SyncRecord, planned: Plan) -> dict[str, str]:
    """What cannot be translated now, and what the vendor did not take and still does not hold."""
    stays = {path: words for path, words in link.problems.items() if path in planned.diverging}
    return {**stays, **planned.failures}
