"""Stores what turns have decided, set by set: records, bases, intents, conflicts; in one commit."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from crm.services.batches import BatchResult, records_write
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX
from integrations.hub.faults import fault
from integrations.hub.merge import Base, Plan, Sent
from integrations.hub.merge.turns import Commit, Settle, settled
from integrations.hub.models import IntentOutcome, SyncRecord, WriteIntent
from integrations.hub.sync import clashes, flips
from integrations.hub.sync.ours import SYNC, Pair
from integrations.hub.sync.scene import Scene

_UPDATE = """
UPDATE hub_syncrecord AS link
SET base_ours = given.base_ours, base_theirs = given.base_theirs,
    remote_version = COALESCE(NULLIF(given.remote_version, ''), link.remote_version),
    folded_at = GREATEST(link.folded_at, given.folded_at),
    local_version = GREATEST(link.local_version, given.local_version),
    problems = given.problems, flips = given.flips,
    waits_for = ARRAY(SELECT jsonb_array_elements_text(given.waits_for)),
    mapping_version = %(mapping_version)s,
    gone_at = NULL, revision = link.revision + 1
FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
    id bigint, base_ours jsonb, base_theirs jsonb, remote_version text, folded_at timestamptz,
    local_version int, problems jsonb, flips jsonb, waits_for jsonb)
WHERE link.id = given.id
"""
_UNTOUCHED: Final = """
UPDATE hub_syncrecord AS link SET folded_at = GREATEST(link.folded_at, %(folded_at)s),
    local_version = given.local_version, gone_at = NULL, revision = link.revision + 1
FROM unnest(%(ids)s::bigint[], %(versions)s::int[]) AS given (id, local_version)
WHERE link.id = given.id
"""


@dataclass
class Taken:
    """What a batch changed on our side: how many records were written, and what was refused."""

    updated: int = 0
    refused: dict[int, Mapping[str, list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kept:
    """One link's new row."""

    pair: Pair
    commit: Commit
    base: Base
    problems: dict[str, str]
    flips: dict[str, Any]
    is_written: bool = False

    @property
    def version(self) -> int:
        """Of our record, after what is taken over was written."""
        return self.commit.state.ours.version + int(self.is_written)

    @property
    def is_untouched(self) -> bool:
        link, state = self.pair.link, self.commit.state
        return (
            self.base == Base(link.base_ours, link.base_theirs)
            and self.problems == link.problems
            and self.flips == link.flips
            and not state.intents
            and list(self.commit.planned.waits_for) == link.waits_for
            and self.commit.row.theirs.version in ("", link.remote_version)
        )


@transaction.atomic
def commit_pairs(
    scene: Scene, pairs: Mapping[int, Pair], commits: Mapping[int, Commit], taken: Taken
) -> dict[int, Any]:
    """The answers to commits, by link: a new intent's key, "", or None for a pair that raced.

    A pair that flaps is set aside instead; its answer is the error.
    """
    answers: dict[int, Any] = dict.fromkeys(commits)
    unchanged = _held(scene, pairs, commits)
    kept: dict[int, _Kept] = {}
    pulls: dict[int, dict[str, Any]] = {}
    for pk in unchanged:
        pair, commit = pairs[pk], commits[pk]
        counted = flips.counted(pair.link.flips, commit.planned, scene.connection)
        if counted is None:
            answers[pk] = flips.quarantine(pair.link, commit.planned)
            continue
        kept[pk] = _Kept(
            pair, commit, commit.planned.base, _problems(pair.link, commit.planned), counted
        )
        if commit.planned.pulls:
            pulls[pk] = scene.mapper.for_service(commit.planned.pulls)
    kept |= _pulled(scene, kept, pulls, taken)
    _links_store(scene, list(kept.values()))
    _intents_close(kept)
    clashes.record(scene, {pk: (one.pair, one.commit) for pk, one in kept.items()})
    return answers | _intents_open(scene, kept)


def settle_pairs(
    scene: Scene, pairs: Mapping[int, Pair], settles: Mapping[int, Settle]
) -> dict[int, Any]:
    """What was sent has been answered: bases and intents, in one commit."""
    fault("push.before_settle")
    with transaction.atomic():
        links = _locked(settles)
        rows = []
        for pk, step in settles.items():
            if (link := links.get(pk)) is None:
                continue
            base = settled(
                scene.fields, Base(link.base_ours, link.base_theirs), step.planned, step.answer
            )
            rows.append(_row(link, base, link.problems, link.flips, step.answer.version))
        _rows_store(scene, rows, waits_for=None)
        _close([step.key for step in settles.values()], IntentOutcome.APPLIED)
        clashes.applied(links.values())
    return dict.fromkeys(settles)


def drop_intents(keys: list[str]) -> None:
    """They were not applied, for certain."""
    _close(keys, IntentOutcome.REFUSED)


def _close(keys: list[str], outcome: IntentOutcome) -> None:
    uids = [uuid.UUID(key) for key in keys]
    WriteIntent.objects.filter(uid__in=uids).update(outcome=outcome, closed_at=Now())


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
    scene: Scene, kept: Mapping[int, _Kept], pulls: Mapping[int, dict[str, Any]], taken: Taken
) -> dict[int, _Kept]:
    """Write what is taken over; the base holds it as our records show it then."""
    ids = [pk for pk in kept if pk in pulls]
    _, results = records_write(
        scene.model,
        workspace=scene.connection.workspace,
        creates=[],
        updates=[(kept[pk].pair.record.pk, pulls[pk]) for pk in ids],
        origin=scene.origin,
        drop_bad_fields=True,
    )
    written = {}
    for pk, result in zip(ids, results, strict=True):
        written[pk] = _as_written(scene, kept[pk], result)
        taken.updated += result.is_changed
        if result.errors:
            taken.refused[pk] = result.errors
    return written


def _as_written(scene: Scene, one: _Kept, result: BatchResult) -> _Kept:
    planned = one.commit.planned
    base, refused = base_written(scene, planned, result, before=one.commit.state.base)
    problems = {**one.problems, **refused}
    return _Kept(one.pair, one.commit, base, problems, one.flips, result.is_changed)


def base_written(
    scene: Scene, planned: Plan, result: BatchResult, *, before: Base
) -> tuple[Base, dict[str, str]]:
    """The plan's base with our values as they were stored, and what was refused, in words.

    A field that was refused keeps the base it had: it is still to be taken over.
    """
    ours, theirs = dict(planned.base.ours), dict(planned.base.theirs)
    codecs = {one.name: one.codec for one in scene.fields}
    refused: dict[str, str] = {}
    for path in planned.pulls:
        errors = refusal(result, path)
        if errors:
            refused[path] = " ".join(errors)
            _restore(ours, path, before.ours)
            _restore(theirs, path, before.theirs)
        else:
            ours[path] = codecs[path].canonical_ours(_stored(result, path))
    return Base(ours, theirs), refused


def refusal(result: BatchResult, path: str) -> list[str]:
    """Why a field was not stored; a refusal of the whole record is one of each field."""
    if result.record_id is None:
        return [said for words in result.errors.values() for said in words]
    return list(result.errors.get(path, ()))


def _stored(result: BatchResult, path: str) -> Any:
    if path.startswith(CUSTOM_PREFIX):
        return result.stored.get(CUSTOM, {}).get(path.removeprefix(CUSTOM_PREFIX))
    return result.stored.get(path)


def _restore(values: dict[str, Any], path: str, before: Mapping[str, Any]) -> None:
    values.pop(path, None)
    if path in before:
        values[path] = before[path]


def _problems(link: SyncRecord, planned: Plan) -> dict[str, str]:
    """What cannot be translated now, and what the vendor did not take and still does not hold."""
    stays = {path: words for path, words in link.problems.items() if path in planned.diverging}
    return {**stays, **planned.failures}


def _links_store(scene: Scene, kept: list[_Kept]) -> None:
    untouched = [one for one in kept if one.is_untouched]
    by_time: dict[datetime, list[_Kept]] = {}
    for one in untouched:
        by_time.setdefault(one.commit.row.read_at, []).append(one)
    for read_at, some in by_time.items():
        values: dict[str, Any] = {
            "folded_at": read_at,
            "ids": [one.pair.link.pk for one in some],
            "versions": [one.version for one in some],
        }
        with database.cursor() as cursor:
            cursor.execute(_UNTOUCHED, values)
    rows, waits = [], {}
    for one in kept:
        if one.is_untouched:
            continue
        link, row = one.pair.link, one.commit.row
        rows.append(
            _row(link, one.base, one.problems, one.flips, row.theirs.version, row.read_at)
            | {"local_version": one.version}
        )
        waits[link.pk] = list(one.commit.planned.waits_for)
    _rows_store(scene, rows, waits_for=waits)


def _row(
    link: SyncRecord,
    base: Base,
    problems: Mapping[str, str],
    flipped: Mapping[str, Any],
    version: str,
    folded_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "id": link.pk,
        "base_ours": base.ours,
        "base_theirs": base.theirs,
        "remote_version": version[:100],
        "folded_at": folded_at.isoformat() if folded_at else None,
        "local_version": link.local_version,
        "problems": problems,
        "flips": flipped,
        "waits_for": link.waits_for,
    }


def _rows_store(
    scene: Scene, rows: list[dict[str, Any]], *, waits_for: Mapping[int, list[str]] | None
) -> None:
    """Without a time of reading, the row was written to the vendor and answered just now."""
    if not rows:
        return
    now = None
    with database.cursor() as cursor:
        if any(row["folded_at"] is None for row in rows):
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0].isoformat()
        for row in rows:
            row["folded_at"] = row["folded_at"] or now
            if waits_for is not None:
                row["waits_for"] = waits_for[row["id"]]
        values: dict[str, Any] = {
            "rows": json.dumps(rows),
            "mapping_version": scene.state.mapping_version,
        }
        cursor.execute(_UPDATE, values)


def _intents_close(kept: Mapping[int, _Kept]) -> None:
    """What was seen to land is applied; the rest may still land late, for a while."""
    landed: list[str] = []
    for one in kept.values():
        unseen = {intent.key: intent for intent in one.commit.planned.unseen}
        for intent in one.commit.state.intents:
            if intent.key not in unseen:
                landed.append(intent.key)
            else:
                _looked(intent.key, sorted(unseen[intent.key].fields), is_first=intent.is_open)
    if landed:
        _close(landed, IntentOutcome.APPLIED)


def _looked(key: str, names: list[str], *, is_first: bool) -> None:
    row = WriteIntent.objects.filter(uid=uuid.UUID(key))
    values: dict[str, Any] = {"looked_at": Now()} if is_first else {}
    row.update(progress={"unseen": names}, **values)


def _intents_open(scene: Scene, kept: Mapping[int, _Kept]) -> dict[int, str]:
    """The intents of those that send something, in one statement; "" for the others."""
    rows: dict[int, WriteIntent] = {}
    for pk, one in kept.items():
        if one.commit.planned.pushes:
            rows[pk] = _intent(scene, one.pair.link, one.commit.planned.pushes)
    WriteIntent.objects.bulk_create(rows.values())
    return {pk: rows[pk].uid.hex if pk in rows else "" for pk in kept}


def _intent(scene: Scene, link: SyncRecord, pushes: Mapping[str, Sent]) -> WriteIntent:
    uid = uuid.uuid4()
    return WriteIntent(
        uid=uid,
        connection=scene.connection,
        kind=SYNC,
        key=f"{SYNC}:{uid.hex}",
        record_type=link.record_type,
        record_id=link.local_id,
        link=link,
        body={"fields": {path: [one.ours, one.sent] for path, one in pushes.items()}},
    )
