"""Sets, moves and takes away the links of many records; may be repeated without harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from integrations.hub.errors import HubError, NotFound, Rejected
from integrations.hubspot.client import Client, Link, Refused
from integrations.hubspot.kinds import LINK, PRIMARY_TYPES, Kind
from integrations.hubspot.reading import links_read


@dataclass(frozen=True)
class LinkChange:
    """One link of one record: `target` is empty to take it away.

    `before` is the one that counted when the two sides were compared; None when nobody looked.
    """

    trace: str
    identifier: str
    to: str
    target: str
    before: str | None = None


def links_write(client: Client, kind: Kind, changes: Sequence[LinkChange]) -> dict[str, HubError]:
    """What could not be linked, by trace. Raises what concerns the whole call."""
    changes = _looked_up(client, kind, changes)
    errors: dict[str, HubError] = {}
    for to, type_id in kind.links.items():
        some = [one for one in changes if one.to == to and one.target != one.before]
        gone = [
            (one.identifier, one.before) for one in some if one.before and _leaves(one, type_id)
        ]
        if gone:
            client.links_archive(kind.name, to, gone)
        made = [one for one in some if one.target]
        errors |= _made(partial(_create, client, kind, to, type_id), made)
    return errors


def _looked_up(client: Client, kind: Kind, changes: Sequence[LinkChange]) -> list[LinkChange]:
    unknown = [one for one in changes if one.before is None]
    if not unknown:
        return list(changes)
    ids = list(dict.fromkeys(one.identifier for one in unknown))
    found = links_read(client, kind, ids, tuple({LINK + one.to for one in unknown}))
    return [
        one
        if one.before is not None
        else replace(one, before=found[one.identifier].get(one.to, ""))
        for one in changes
    ]


def _leaves(change: LinkChange, type_id: int) -> bool:
    """A company that is the primary one no more stays as one of the others."""
    return not change.target or type_id not in PRIMARY_TYPES


def _made(
    create: Callable[[Sequence[LinkChange]], dict[str, HubError]], changes: Sequence[LinkChange]
) -> dict[str, HubError]:
    """A batch refused as a whole is halved until the bad link stands alone."""
    if not changes:
        return {}
    try:
        return create(changes)
    except (Refused, NotFound) as error:
        if len(changes) == 1:
            return {changes[0].trace: _refusal(changes[0], str(error))}
    half = len(changes) // 2
    return _made(create, changes[:half]) | _made(create, changes[half:])


def _create(
    client: Client, kind: Kind, to: str, type_id: int, changes: Sequence[LinkChange]
) -> dict[str, HubError]:
    pairs = [(one.identifier, Link(one.target, type_id)) for one in changes]
    by_id = {one.identifier: one for one in changes}
    return {
        by_id[identifier].trace: _refusal(by_id[identifier], error.message)
        for error in client.links_create(kind.name, to, pairs)
        for identifier in _known(error.ids, by_id)
    }


def _known(ids: Iterable[str], by_id: dict[str, LinkChange]) -> list[str]:
    return [one for one in ids if one in by_id]


def _refusal(change: LinkChange, message: str) -> HubError:
    words = f"HubSpot does not link it to {change.to} {change.target}: {message}"
    return Rejected(words)
