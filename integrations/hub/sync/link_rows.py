"""Writes the rows of links whose two sides were compared, set by set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection as database

from integrations.hub.merge import Base, Theirs
from integrations.hub.merge.turns import Commit
from integrations.hub.models import SyncRecord
from integrations.hub.sync.lagging import known_whole, written_there
from integrations.hub.sync.ours import Pair
from integrations.hub.sync.scene import Scene

_UPDATE: Final = """
UPDATE hub_syncrecord AS link
SET base_ours = given.base_ours, base_theirs = given.base_theirs,
    theirs_pending = given.theirs_pending,
    remote_version = COALESCE(NULLIF(given.remote_version, ''), link.remote_version),
    remote_modified_at = COALESCE(given.remote_modified_at, link.remote_modified_at),
    folded_at = GREATEST(link.folded_at, given.folded_at),
    local_version = GREATEST(link.local_version, given.local_version),
    problems = given.problems, flips = given.flips,
    waits_for = ARRAY(SELECT jsonb_array_elements_text(given.waits_for)),
    mapping_version = %(mapping_version)s,
    gone_at = CASE WHEN given.is_seen THEN NULL ELSE link.gone_at END,
    revision = link.revision + 1
FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
    id bigint, base_ours jsonb, base_theirs jsonb, theirs_pending jsonb, remote_version text,
    remote_modified_at timestamptz, folded_at timestamptz, local_version int, problems jsonb,
    flips jsonb, waits_for jsonb, is_seen boolean)
WHERE link.id = given.id
"""
# That they hold the same still is news of its time: an event of before it is older.
_UNTOUCHED: Final = """
UPDATE hub_syncrecord AS link SET folded_at = GREATEST(link.folded_at, given.folded_at),
    remote_modified_at = COALESCE(given.remote_modified_at, link.remote_modified_at),
    local_version = given.local_version, revision = link.revision + 1,
    gone_at = CASE WHEN given.is_seen THEN NULL ELSE link.gone_at END
FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
    id bigint, folded_at timestamptz, remote_modified_at timestamptz, local_version int,
    is_seen boolean)
WHERE link.id = given.id
"""


@dataclass(frozen=True)
class Kept:
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


def links_store(scene: Scene, kept: list[Kept]) -> None:
    untouched: list[Kept] = []
    touched: list[Kept] = []
    for one in kept:
        (untouched if _is_untouched(scene, one) else touched).append(one)
    _untouched_store(scene, untouched)
    rows, waits = [], {}
    for one in touched:
        link, row = one.pair.link, one.commit.row
        rows.append(
            link_row(scene, link, one.base, one.problems, one.flips, row.theirs, at=row.read_at)
            | {
                "local_version": one.version,
                "theirs_pending": _pending(scene, one),
                "is_seen": row.is_seen,
            }
        )
        waits[link.pk] = list(one.commit.planned.waits_for)
    rows_store(scene, rows, waits_for=waits)


def _untouched_store(scene: Scene, kept: list[Kept]) -> None:
    if not kept:
        return
    rows = [_untouched_row(scene, one) for one in kept]
    with database.cursor() as cursor:
        cursor.execute(_UNTOUCHED, {"rows": json.dumps(rows)})


def _untouched_row(scene: Scene, one: Kept) -> dict[str, Any]:
    """What is known to be newer stays so; the link is locked, and as it was loaded."""
    link, row = one.pair.link, one.commit.row
    told = written_there(scene, row.theirs.modified_at, row.read_at)
    times = [time for time in (told, known_whole(scene, link, row.read_at)) if time is not None]
    return {
        "id": link.pk,
        "folded_at": row.read_at.isoformat(),
        "remote_modified_at": max(times).isoformat() if times else None,
        "local_version": one.version,
        "is_seen": row.is_seen,
    }


def _is_untouched(scene: Scene, one: Kept) -> bool:
    """A base that counts again is written, with the version it is of."""
    link = one.pair.link
    is_same = one.is_untouched and _pending(scene, one) == link.theirs_pending
    return is_same and not scene.mapper.named_after(link.mapping_version)


def _pending(scene: Scene, one: Kept) -> dict[str, Any]:
    """What theirs is told to be otherwise than agreed on, where nobody can ask for it again."""
    if scene.stream.read is not None:
        return {}
    codecs, values = scene.codecs, one.commit.row.theirs.values
    told = {path: codecs[path].canonical_theirs(values[path]) for path in codecs.keys() & values}
    known = {**scene.pending_of(one.pair.link), **told}
    base = one.base.theirs
    return {path: held for path, held in known.items() if path not in base or base[path] != held}


def link_row(
    scene: Scene,
    link: SyncRecord,
    base: Base,
    problems: Mapping[str, str],
    flipped: Mapping[str, Any],
    theirs: Theirs,
    *,
    at: datetime,
) -> dict[str, Any]:
    """The row after a look at theirs that began `at`, or a write that was answered by it then."""
    written_at = written_there(scene, theirs.modified_at, at)
    return {
        "id": link.pk,
        "base_ours": base.ours,
        "base_theirs": base.theirs,
        "theirs_pending": link.theirs_pending,
        "remote_version": theirs.version[:100],
        "remote_modified_at": written_at.isoformat() if written_at else None,
        "folded_at": at.isoformat(),
        "local_version": link.local_version,
        "problems": problems,
        "flips": flipped,
        "waits_for": link.waits_for,
        "is_seen": True,
    }


def rows_store(
    scene: Scene, rows: list[dict[str, Any]], *, waits_for: Mapping[int, list[str]] | None
) -> None:
    if not rows:
        return
    if waits_for is not None:
        for row in rows:
            row["waits_for"] = waits_for[row["id"]]
    # The mapper's own, for the state may be read anew while it is at work.
    values: dict[str, Any] = {"rows": json.dumps(rows), "mapping_version": scene.mapper.version}
    with database.cursor() as cursor:
        cursor.execute(_UPDATE, values)
