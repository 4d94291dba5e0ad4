"""First meeting: which record of ours is the thing of theirs that nobody has linked yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from crm.models import Record, Workspace
from crm.selectors.matching import Match, accounts_match, contacts_match, leads_match
from integrations.hub.merge import Base, Direction, Ours, plan
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync.links import linked_ids
from integrations.hub.sync.quarantine import AMBIGUOUS, DUPLICATE, Trouble
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import tries_of

_LADDERS: Final[Mapping[str, Callable[[Workspace, Sequence[Mapping[str, Any]]], list[Match]]]] = {
    "contact": contacts_match,
    "account": accounts_match,
    "lead": leads_match,
}


@dataclass
class Met:
    """What became of strangers: matched (theirs to ours), in trouble, or new to us."""

    matched: dict[str, int] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)


def strangers_meet(
    scene: Scene, strangers: Sequence[RemoteRecord], values: Mapping[str, Mapping[str, Any]]
) -> Met:
    """By our id where they keep it, then by the match ladder; `values` are theirs in our words.

    A record of ours is matched once: a second thing with the same marks is a duplicate there.
    """
    met = Met()
    marked = _marked(scene, strangers, values)
    unmarked = [one for one in strangers if one.id not in marked]
    found = _laddered(scene, [values[one.id] for one in unmarked])
    by_id = {one.id: match for one, match in zip(unmarked, found, strict=True)}
    wanted = {pk for match in found for pk in match.record_ids} | set(marked.values())
    taken = dict.fromkeys(linked_ids(scene, wanted), "")
    for one in strangers:
        if one.id in by_id:
            _meet(met, one.id, by_id[one.id], taken)
        elif marked[one.id] in taken:
            # A copy made there carries the mark of what it was copied from.
            met.fresh.append(one.id)
        else:
            met.matched[one.id] = marked[one.id]
            taken[marked[one.id]] = one.id
    return met


def strangers_known(scene: Scene, strangers: Sequence[RemoteRecord]) -> dict[str, int]:
    """Which records of ours, be they linked or not, these are without doubt, by their id."""
    if not strangers:
        return {}
    # Whom they are is told by all that is mapped, also where nothing of it is taken over.
    fields = [replace(one, direction=Direction.BOTH) for one in scene.fields]
    plans = {one.id: plan(fields, Ours({}, 0), scene.theirs(one), Base()) for one in strangers}
    values = {one: scene.mapper.for_service(planned.pulls) for one, planned in plans.items()}
    known = _marked(scene, strangers, values)
    unmarked = [one.id for one in strangers if one.id not in known]
    matches = _laddered(scene, [values[one] for one in unmarked])
    for one, match in zip(unmarked, matches, strict=True):
        if len(match.record_ids) == 1 and match.score >= settings.MATCH_AUTO_SCORE:
            known[one] = match.record_ids[0]
    return known


def _meet(met: Met, external_id: str, match: Match, taken: dict[int, str]) -> None:
    if not match.record_ids or match.score < _lowest():
        met.fresh.append(external_id)
    elif match.score < settings.MATCH_AUTO_SCORE or len(match.record_ids) > 1:
        numbers = ", ".join(str(pk) for pk in match.record_ids[:5])
        words = f"It may be one of ours already ({match.key}: {numbers}); a person decides."
        met.troubles[external_id] = Trouble(AMBIGUOUS, words)
    elif match.record_ids[0] not in taken:
        met.matched[external_id] = match.record_ids[0]
        taken[match.record_ids[0]] = external_id
    elif match.key == "domain":
        # Companies share domains; people do not share addresses.
        met.fresh.append(external_id)
    else:
        words = (
            f"Our record {match.record_ids[0]} has the same {match.key} and is linked to another "
            "of theirs. Merge the two there, or change one of them."
        )
        met.troubles[external_id] = Trouble(DUPLICATE, words)


def _lowest() -> int:
    """Below this a likeness is chance."""
    return 85


def _laddered(scene: Scene, rows: Sequence[Mapping[str, Any]]) -> list[Match]:
    ladder = _LADDERS.get(scene.stream.record_type)
    if ladder is None or not rows:
        return [Match((), 0, "") for _ in rows]
    return ladder(scene.connection.workspace, rows)


def _marked(
    scene: Scene, strangers: Sequence[RemoteRecord], values: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """Those that bear the id of a living record of ours, by their id.

    A number may have been given again since, after an old backup was restored: unless a make of
    ours is on its way, a mark is believed only where the two do not name themselves differently.
    """
    said = {one.id: local_id for one in strangers if (local_id := scene.id_marked(one.values))}
    tries = tries_of(scene, list(said.values()))
    names = _alive(scene, set(said.values()), besides=tries)
    return {
        one: pk
        for one, pk in said.items()
        if pk in names
        and (pk in tries or _is_one_name(names[pk], values[one].get(scene.natural_path)))
    }


def _is_one_name(ours: Any, theirs: Any) -> bool:
    return not ours or not theirs or str(ours).strip().lower() == str(theirs).strip().lower()


def _alive(scene: Scene, local_ids: set[int], *, besides: Collection[int]) -> dict[int, Any]:
    """Living records, with what tells them apart for people (None where no field does).

    `besides` are living for this, too: archived while a make of them was on its way.
    """
    if not local_ids:
        return {}
    rows: Any = scene.model._default_manager.filter(
        workspace_id=scene.connection.workspace_id, pk__in=local_ids
    )
    fields = {one.name for one in scene.model._meta.concrete_fields}
    if "archived_at" in fields:
        rows = rows.filter(Q(archived_at=None) | Q(pk__in=list(besides)))
    if scene.natural_path not in fields:
        return dict.fromkeys(rows.values_list("pk", flat=True))
    return dict(rows.values_list("pk", scene.natural_path))


def record_is_archived(record: Record) -> bool:
    return getattr(record, "archived_at", None) is not None
