"""What brings news of a vendor late, or not at all."""

from __future__ import annotations

from integrations.hub.models import Connection, SyncState
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import deliver, pull, work


def told(connection: Connection, mirror: MirrorVendor, object: str) -> None:
    """The events of these things only; the others are lost."""
    deliver(connection, [one for one in mirror.events_take() if one["object"] == object])
    work()


def passed_by(connection: Connection, mirror: MirrorVendor, name: str = "later") -> None:
    """No list brings what was changed of people before any more."""
    SyncState.objects.filter(object="people").update(overlap_seconds=0)
    mirror.add("people", email=f"{name}@acme.test", last_name="Later")
    pull(connection, "people")
    mirror.events_take()
