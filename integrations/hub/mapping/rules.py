"""Who wins a field that both sides changed, where nobody has said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.hub.merge import Rule

# By path; with the record type before the colon where it matters.
DEFAULTS: Final[Mapping[str, Rule]] = {
    "email": Rule.OURS_WINS,
    "first_name": Rule.LAST_WRITE,
    "last_name": Rule.LAST_WRITE,
    "name": Rule.LAST_WRITE,
    "contact:lifecycle": Rule.THEIRS_WINS,
    "deal:stage": Rule.THEIRS_WINS,
    "deal:pipeline": Rule.THEIRS_WINS,
    "lead:score": Rule.OURS_WINS,
    "score_tier": Rule.OURS_WINS,
    # The present owner keeps the record.
    "owner": Rule.OURS_WINS,
}


def rule_default(record_type: str, path: str) -> Rule:
    """The hub's rule for a field of ours; the later write wins where there is none."""
    own = DEFAULTS.get(f"{record_type}:{path}")
    return own or DEFAULTS.get(path, Rule.LAST_WRITE)
