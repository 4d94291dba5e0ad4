"""What a look takes over of a pair that has something to send, which its own job does."""

from __future__ import annotations

from dataclasses import replace

from integrations.hub.merge import Base, Plan
from integrations.hub.merge.turns import Commit
from integrations.hub.merge.types import LOST
from integrations.hub.sync.scene import Scene


def unsent(scene: Scene, step: Commit) -> Plan:
    """Without its pushes: their side is as it was told, ours stays changed until it is sent.

    Where nobody can be asked the job knows nothing else of theirs. A link that they lost stays
    known as lost: ours of it is unchanged, and would be forgotten.
    """
    planned = step.planned
    codecs = scene.codecs
    told = {
        name: codecs[name].canonical_theirs(step.row.theirs.values.get(name))
        for name in planned.pushes
        if not str(planned.base.theirs.get(name)).startswith(LOST)
    }
    base = Base(planned.base.ours, {**planned.base.theirs, **told})
    return replace(planned, pushes={}, base=base)
