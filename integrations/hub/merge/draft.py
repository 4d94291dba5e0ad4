"""The plan while its fields are looked at in turn, and how a field's outcome gets into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integrations.hub.merge.types import BLANK, Conflict, MergeField, Sent, Side, Untranslatable

MISSING: Final = object()


@dataclass
class Draft:
    """Bases as they move, and what is found; values are canonical, as the merge compares them."""

    base_ours: dict[str, Any]
    base_theirs: dict[str, Any]
    seen_at: datetime | None
    doubtful: set[str] = field(default_factory=set)
    pulls: dict[str, Any] = field(default_factory=dict)
    pushes: dict[str, Sent] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)
    diverging: set[str] = field(default_factory=set)
    failures: dict[str, str] = field(default_factory=dict)
    waits_for: list[str] = field(default_factory=list)

    def agree(self, name: str, ours: Any, theirs: Any) -> None:
        self.base_ours[name], self.base_theirs[name] = ours, theirs

    def leave(self, name: str, ours: Any, theirs: Any) -> None:
        """Each side keeps its own, until one of them says something new."""
        self.agree(name, ours, theirs)
        self.diverging.add(name)

    def fail(self, name: str, error: Untranslatable) -> None:
        self.failures[name] = str(error)
        if error.waits_for:
            self.waits_for.append(error.waits_for)

    def is_first(self, one: MergeField) -> bool:
        """Whether the two sides have never agreed on the field."""
        return one.name not in self.base_ours and one.name not in self.base_theirs

    def conflict(self, one: MergeField, left: Any, right: Any, winner: Side | None) -> Conflict:
        """Make it before the winner's value is taken, since that moves the base."""
        base, is_in_doubt = self.base_ours.get(one.name), one.name in self.doubtful
        return Conflict(one.name, base, left, right, one.rule, winner, is_in_doubt)

    def win(self, one: MergeField, winner: Side, left: Any, right: Any) -> bool:
        """Take the winner's value, if it may be taken without a person's word; whether it was.

        A stand-in takes nothing away from what is known here: each side keeps its own then.
        """
        if winner == Side.THEIRS and left not in BLANK and one.codec.is_stand_in(right):
            self.leave(one.name, left, right)
            return False
        self.take(one, winner, left, right)
        return True

    def take(self, one: MergeField, winner: Side, left: Any, right: Any) -> None:
        """The base moves with what is taken over; with what is sent only once it was answered."""
        if winner == Side.OURS:
            self.pushes[one.name] = Sent(left, one.codec.to_theirs(left))
            return
        value = one.codec.to_ours(right)
        self.pulls[one.name] = value
        self.agree(one.name, one.codec.canonical_ours(value), right)
