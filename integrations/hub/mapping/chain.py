"""The steps of one mapping row as one codec: what the merge compares and what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from integrations.hub.mapping.lookups import LOOKUPS, Link, Owner
from integrations.hub.mapping.transforms import KINDS, InvalidTransform, Text, Transform
from integrations.hub.merge import Untranslatable
from integrations.hub.merge.types import BLANK

# Where every value of every record passes, `not value` is asked first: it is answered at once.
LONGEST_CHAIN: Final = 5
STEPS: Final = {**KINDS, **LOOKUPS}
# The steps whose tables are the connection's; a row says their name only.
TABLED: Final = frozenset({"picklist", *LOOKUPS})


@dataclass(frozen=True)
class Chain:
    """Steps from theirs to ours, gone backwards for what is sent; a Codec of the merge.

    Blank travels as blank: ours is None, theirs is what the vendor clears a field with.
    """

    steps: tuple[Transform, ...] = (Text(),)
    blank: Any = ""

    def to_ours(self, theirs: Any) -> Any:
        for step in self.steps:
            if not theirs and theirs in BLANK:
                return None
            theirs = step.decode(theirs)
        return None if not theirs and theirs in BLANK else theirs

    def to_theirs(self, ours: Any) -> Any:
        for step in reversed(self.steps):
            if not ours and ours in BLANK:
                return self.blank
            ours = step.encode(ours)
        return self.blank if not ours and ours in BLANK else ours

    def canonical_ours(self, value: Any) -> Any:
        """One spelling for what means the same; two values of ours never become one."""
        if not value and value in BLANK:
            return None
        return value.strip() if isinstance(value, str) else value

    def canonical_theirs(self, value: Any) -> Any:
        """As we would write it; what we cannot read is compared as it is."""
        if not value and value in BLANK:
            return self.blank
        try:
            if isinstance(self.steps[0], Owner):
                return self.steps[0].spelling(value)
            return self.to_theirs(self.to_ours(value))
        except Untranslatable:
            return value

    def lost(self, theirs: Any, seen_at: datetime | None) -> Any:
        """The link that theirs was, marked, once the linked thing is gone there; else None."""
        link = self.steps[0]
        return link.lost(theirs, seen_at) if isinstance(link, Link) else None

    def to_theirs_again(self, ours: Any) -> Any:
        """As to_theirs; raises Unlinked also for what was not found there at the last look."""
        link = self.steps[0]
        sent = self.to_theirs(ours)
        if isinstance(link, Link) and sent != self.blank:
            link.demand(ours, sent)
        return sent

    def is_stand_in(self, theirs: Any) -> bool:
        """Whether it is a person who is nobody here, whose records go to the admin."""
        if not theirs and theirs in BLANK:
            return False
        owner = self.steps[0]
        return isinstance(owner, Owner) and owner.is_stranger(theirs)


def chain_of(
    rows: Sequence[Mapping[str, Any]], *, made: Mapping[str, Transform] | None = None
) -> Chain:
    """The chain of a mapping row's `[{"kind": "lower"}, …]`.

    `made` holds the steps that need a table, by what the row calls them (`picklist:lifecycle`).
    Raises InvalidTransform.
    """
    if len(rows) > LONGEST_CHAIN:
        raise InvalidTransform(f"At most {LONGEST_CHAIN} steps.")
    return Chain(tuple(_step(row, made or {}) for row in rows) or (Text(),))


def _step(row: Mapping[str, Any], made: Mapping[str, Transform]) -> Transform:
    options = dict(row)
    kind = str(options.pop("kind", ""))
    if kind not in STEPS:
        raise InvalidTransform(f"{kind!r} is no transform; there are {', '.join(STEPS)}.")
    name = f"{kind}:{options.get('name', '')}"
    if name in made:
        return made[name]
    if kind in TABLED and options.keys() - {"name"}:
        raise InvalidTransform(f"{kind} takes a name and nothing else.")
    try:
        return STEPS[kind](**_options(kind, options))
    except TypeError as error:
        raise InvalidTransform(f"{kind} takes other options: {error}.") from None


def _options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """As the step takes them, each of the kind its default has."""
    for name, value in options.items():
        if name == "factor":
            options[name] = _factor(value)
        elif name.startswith("is_"):
            if not isinstance(value, bool):
                raise InvalidTransform(f"{name} of {kind} is true or false.")
        elif name != "value" and not isinstance(value, str):
            raise InvalidTransform(f"{name} of {kind} is a text.")
        elif name == "separator" and not value:
            raise InvalidTransform(f"{name} of {kind} is empty.")
    return options


def _factor(value: Any) -> Decimal:
    try:
        factor = Decimal(str(value))
    except InvalidOperation:
        factor = Decimal(0)
    if not factor or not factor.is_finite():
        raise InvalidTransform("factor is a number other than 0.")
    return factor
