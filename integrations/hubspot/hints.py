"""Which records an event of a web-hook asks to look at; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integrations.hub.streams import Hint
from integrations.hub.types import Event
from integrations.hubspot.kinds import BY_IDENTIFIER, BY_WORD, Kind


def hints(event: Event) -> Sequence[Hint]:
    """None for a kind of record that is not kept in step."""
    row, act = event.payload, event.kind.partition(".")[2]
    if act == "associationChange":
        return _linked(event, row)
    kind = kind_of(event)
    if kind is None:
        return ()
    if act == "merge":
        return _merged(kind, row)
    is_erased = act == "privacyDeletion"
    is_deleted = is_erased or act == "deletion"
    identifier = str(row.get("objectId") or "")
    if not identifier:
        return ()
    return (Hint(kind.name, identifier, is_deleted=is_deleted, is_erased=is_erased),)


def kind_of(event: Event) -> Kind | None:
    """By the word before the dot, or by the type that the general events name."""
    word = event.kind.partition(".")[0]
    if word == "object":
        return BY_IDENTIFIER.get(str(event.payload.get("objectTypeId") or ""))
    return BY_WORD.get(word)


def _merged(kind: Kind, row: Any) -> Sequence[Hint]:
    """Look at what they became; what went into it is gone under its old id."""
    became = str(row.get("newObjectId") or row.get("primaryObjectId") or row.get("objectId") or "")
    olds = [row.get("primaryObjectId"), *(row.get("mergedObjectIds") or ())]
    former = tuple(dict.fromkeys(str(one) for one in olds if one and str(one) != became))
    return (Hint(kind.name, became, former_ids=former),) if became else ()


def _linked(event: Event, row: Any) -> Sequence[Hint]:
    """Both ends, as far as a link is a value of theirs: a company has none."""
    start, _, end = str(row.get("associationType") or "").lower().partition("_to_")
    kinds = (kind_of(event) or BY_WORD.get(start), BY_WORD.get(end))
    ids = (row.get("fromObjectId") or row.get("objectId"), row.get("toObjectId"))
    return tuple(
        Hint(kind.name, str(one))
        for kind, one in zip(kinds, ids, strict=True)
        if kind is not None and one and kind.links
    )
