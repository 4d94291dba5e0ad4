"""The loop breaker: a field that goes to and fro between the two sides sets its pair aside.

Two systems that each correct the other would else write for ever. Writes of one direction, however
many, are people at work and no flips.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from integrations.hub.errors import Rejected
from integrations.hub.merge import Plan
from integrations.hub.models import LinkState, SyncRecord

WINDOW: Final = timedelta(hours=1)
IN, OUT = "in", "out"


class Flapping(Rejected):
    """A field goes to and fro between the two sides; the pair is set aside."""

    code = "flapping"


def counted(flips: dict[str, Any], planned: Plan) -> dict[str, Any] | None:
    """The flips after this plan, `{field: [direction, flips, since]}`; None when it is too many."""
    now = datetime.now(UTC)
    found = {
        path: one for path, one in flips.items() if now - datetime.fromisoformat(one[2]) < WINDOW
    }
    ways = dict.fromkeys(planned.pulls, IN) | dict.fromkeys(planned.pushes, OUT)
    for path, way in ways.items():
        before, times, since = found.get(path, [way, 0, now.isoformat()])
        times += before != way
        if times > settings.SYNC_FLIPS_PER_HOUR:
            return None
        found[path] = [way, times, since]
    return found


def quarantine(link: SyncRecord, planned: Plan) -> Flapping:
    """Set the pair aside, and say which fields it was about."""
    names = ", ".join(sorted({*planned.pulls, *planned.pushes}))
    words = (
        f"{names} went to and fro between the two sides more than "
        f"{settings.SYNC_FLIPS_PER_HOUR} times in an hour. Mend the mapping or the rule in "
        "the other system, then retry."
    )
    SyncRecord.objects.filter(pk=link.pk).update(
        state=LinkState.QUARANTINED,
        state_at=Now(),
        reason=words[:250],
        flips={},
        revision=F("revision") + 1,
    )
    return Flapping(words)
