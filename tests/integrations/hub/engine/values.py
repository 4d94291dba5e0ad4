"""What may not become of a value on its way from one side to the other."""

from __future__ import annotations

from collections.abc import Iterator

from crm.models import Change
from integrations.hub.models import SyncConflict
from tests.integrations.hub.engine.people import OBJECT, token
from tests.integrations.hub.engine.world import World


def erased(world: World) -> Iterator[str]:
    """Nobody empties a field, so none is empty that held something."""
    for change in Change.objects.filter(record_type="contact"):
        for name, (before, after) in change.diff.items():
            if name in ("first_name", "title", "email") and before and not after:
                yield f"{name} of our {change.record_id} was {before} and is empty"
    for one in world.people.edits_there:
        thing = world.vendor.get(OBJECT, one.id)
        if not thing.values.get(one.field):
            yield f"{one.field} of {one.id} was typed there and is empty"


def set_back(world: World) -> Iterator[str]:
    """What the engine takes over here is never older than what it takes the place of."""
    older, told = world.people.ancestry.is_older, set()
    for row in SyncConflict.objects.all():
        told.add((token(row.ours), token(row.theirs)))
    for change in Change.objects.filter(record_type="contact", origin_kind="connection"):
        for name, (before, after) in change.diff.items():
            was, now = token(before), token(after)
            is_back = None not in (was, now) and was != now and older(now, was)
            # Two that meet anew have seen nothing of each other, and a conflict says what has lost.
            if is_back and not world.people.are_met_anew and (was, now) not in told:
                yield f"{name} of our {change.record_id} was set back from {before} to {after}"
