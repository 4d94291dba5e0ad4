"""How something of ours is set aside, and tried again."""

from __future__ import annotations

from crm.models import Contact, User
from integrations.hub.aside_tries import aside_retry
from integrations.hub.models import QuarantinedItem, SyncState
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, work


def refused_make(mirror: MirrorVendor, desk: Desk, email: str) -> Contact:
    mirror.always = lambda kind, body: Trouble(status=422) if kind == "write" else None
    made: Contact = desk.make("contact", last_name="Nobody", email=email)
    work()
    mirror.always = None
    assert QuarantinedItem.objects.filter(local_id=made.pk).exists()
    return made


def retry(state: SyncState, actor: User) -> None:
    aside_retry(state, actor=actor)
    work()
