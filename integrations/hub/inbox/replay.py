"""A person's say over inbound events: process again, or give up."""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from crm.models import User
from integrations.hub import wake
from integrations.hub.acts import act_remember
from integrations.hub.errors import Conflict
from integrations.hub.models import InboxEvent, InboxState

logger = logging.getLogger("integrations.hub.replay")
REPLAYABLE = (InboxState.DEAD, InboxState.IGNORED)


@transaction.atomic
def event_replay(event: InboxEvent, *, actor: User) -> None:
    """Start a dead or ignored event over; a fact that was applied before is not applied again.

    Raises Conflict for an event in another state, or a hint that has come again meanwhile.
    """
    held = InboxEvent.objects.filter(pk=event.pk, state__in=REPLAYABLE)
    before = held.select_for_update().values_list("state", flat=True).first() or ""
    try:
        with transaction.atomic():
            changed = held.update(
                state=InboxState.RECEIVED,
                generation=F("generation") + 1,
                attempts=0,
                claims=0,
                run_at=Now(),
                reason="",
                finished_at=None,
            )
    except IntegrityError as error:
        raise Conflict("The same event has come again and waits already.") from error
    if not changed:
        raise Conflict("Only a dead or an ignored event can be replayed.")
    act_remember(event, before=before, after=InboxState.RECEIVED, actor=actor)
    logger.info("inbox event %s replayed by user %s", event.pk, actor.pk)
    wake.wake_on_commit()


@transaction.atomic
def event_discard(event: InboxEvent, *, actor: User) -> None:
    """Give a dead event up; it stays listed with who did it. Raises Conflict for any other."""
    changed = InboxEvent.objects.filter(pk=event.pk, state=InboxState.DEAD).update(
        state=InboxState.DISCARDED, reason=f"given up by user {actor.pk}", finished_at=Now()
    )
    if not changed:
        raise Conflict("Only a dead event can be given up.")
    act_remember(event, before=InboxState.DEAD, after=InboxState.DISCARDED, actor=actor)
    logger.info("inbox event %s given up by user %s", event.pk, actor.pk)
