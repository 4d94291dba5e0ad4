"""The merge: what to take, what to send and what to ask, from both sides and both bases; pure."""

from __future__ import annotations

from integrations.hub.merge.plan import plan
from integrations.hub.merge.types import (
    Base,
    Codec,
    Conflict,
    Decision,
    Direction,
    Intent,
    MergeField,
    Ours,
    Plan,
    Rule,
    Sent,
    Side,
    Theirs,
    Untranslatable,
)

__all__ = [
    "Base",
    "Codec",
    "Conflict",
    "Decision",
    "Direction",
    "Intent",
    "MergeField",
    "Ours",
    "Plan",
    "Rule",
    "Sent",
    "Side",
    "Theirs",
    "Untranslatable",
    "plan",
]
