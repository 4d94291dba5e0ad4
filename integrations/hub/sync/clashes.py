"""Keeps what both sides changed: settled by a rule, or waiting for a person; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from integrations.hub.merge import Conflict
from integrations.hub.merge.turns import Commit
from integrations.hub.models import ConflictState, LinkState, SyncConflict, SyncRecord
from integrations.hub.sync.ours import Pair
from integrations.hub.sync.scene import Scene

STANDING = (ConflictState.OPEN, ConflictState.DECIDED)


def record(scene: Scene, looked: Mapping[int, tuple[Pair, Commit]]) -> None:
    """Store the conflicts of a batch of plans; close those that are none any more."""
    standing = _standing(looked)
    told = _told(looked)
    made: list[SyncConflict] = []
    over: list[int] = []
    for pk, (pair, commit) in looked.items():
        clashing = {one.name: one for one in commit.planned.conflicts}
        for name, row in standing.get(pk, {}).items():
            # One that was decided for ours is over once it has been sent.
            if name not in clashing and name not in commit.left | commit.planned.pushes.keys():
                over.append(row.pk)
        for name, one in clashing.items():
            known = standing.get(pk, {}).get(name)
            if known is None:
                if (pk, name, _mark(one.ours), _mark(one.theirs)) not in told:
                    made.append(_row(scene, pair, commit, one))
            else:
                _refresh(known, commit, one)
    SyncConflict.objects.bulk_create(made, ignore_conflicts=True)
    if over:
        _over(SyncConflict.objects.filter(pk__in=over))


def applied(links: Iterable[SyncRecord]) -> None:
    """What a person decided has been sent."""
    decided = SyncConflict.objects.filter(link__in=list(links), state=ConflictState.DECIDED)
    _over(decided)


def links_ended(link_ids: Collection[int]) -> None:
    """Nobody can decide these any more. Call it after the links have ended, in their commit."""
    standing = SyncConflict.objects.filter(link__in=list(link_ids), state__in=STANDING)
    standing.update(state=ConflictState.LEFT, winner="", resolved_by=None, resolved_at=Now())


def links_are_back(link_ids: Collection[int]) -> None:
    """What was left undecided waits again; the next look closes what both agree on by now.

    Call it before the links are in service, in their commit.
    """
    left = SyncConflict.objects.filter(
        link__in=list(link_ids),
        link__state=LinkState.TOMBSTONE,
        state=ConflictState.LEFT,
        resolved_at__gte=F("link__state_at"),
    )
    left.update(state=ConflictState.OPEN, resolved_at=None)


def _over(rows: Any) -> None:
    rows.update(state=ConflictState.RESOLVED, resolved_at=Now())


def _standing(looked: Mapping[int, Any]) -> dict[int, dict[str, SyncConflict]]:
    found: dict[int, dict[str, SyncConflict]] = {}
    rows = SyncConflict.objects.filter(link__in=list(looked), state__in=STANDING)
    for row in rows:
        found.setdefault(row.link_id, {})[row.field] = row
    return found


def _told(looked: Mapping[int, tuple[Pair, Commit]]) -> set[tuple[int, str, str, str]]:
    """Those that the rule has settled before: a write that is tried again tells them once."""
    clashing = [pk for pk, (_, commit) in looked.items() if commit.planned.conflicts]
    if not clashing:
        return set()
    settled = SyncConflict.objects.filter(link__in=clashing, state=ConflictState.SETTLED)
    rows = settled.values_list("link_id", "field", "ours", "theirs")
    return {(pk, name, _mark(ours), _mark(theirs)) for pk, name, ours, theirs in rows}


def _mark(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _row(scene: Scene, pair: Pair, commit: Commit, one: Conflict) -> SyncConflict:
    return SyncConflict(
        connection=scene.connection,
        link=pair.link,
        object=pair.link.object,
        record_type=pair.link.record_type,
        local_id=pair.link.local_id,
        field=one.name,
        resolved_at=None if one.winner is None else Now(),
        **_values(commit, one),
    )


def _refresh(known: SyncConflict, commit: Commit, one: Conflict) -> None:
    """Both sides may have moved on; a decision holds for the values that it was shown only.

    A doubt stays while nobody has decided: what may have landed then may be what theirs came from.
    """
    values = _values(commit, one) | {"is_in_doubt": known.is_in_doubt or one.is_in_doubt}
    is_same = (known.ours, known.theirs) == (one.ours, one.theirs)
    if is_same and one.winner is None:
        return
    SyncConflict.objects.filter(Q(pk=known.pk), state__in=STANDING).update(
        **values, resolved_by=None, resolved_at=None if one.winner is None else Now()
    )


def _values(commit: Commit, one: Conflict) -> dict[str, Any]:
    return {
        "base": one.base,
        "ours": one.ours,
        "theirs": one.theirs,
        "ours_at": commit.state.ours.changed_at.get(one.name),
        "theirs_at": commit.row.theirs.modified_at,
        "rule": one.rule.value,
        "winner": one.winner.value if one.winner else "",
        "is_in_doubt": one.is_in_doubt,
        "state": ConflictState.OPEN if one.winner is None else ConflictState.SETTLED,
    }
