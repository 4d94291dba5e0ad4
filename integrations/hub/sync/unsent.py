"""What a look takes over of a pair that has something to send, which its own job does."""

from __future__ import annotations

from dataclasses import replace

from integrations.hub.merge.turns import Commit


def unsent(step: Commit) -> Commit:
    """Without its pushes: ours stays changed until it is sent, and what was decided stays so."""
    return replace(
        step,
        planned=replace(step.planned, pushes={}),
        left=frozenset(step.planned.pushes),
    )
