"""Processes one event: read again from its raw body, applied as a fact, and finished."""

from __future__ import annotations

import traceback
from dataclasses import replace

from django.db.models import F
from django.db.models.functions import Now

from integrations.hub import consequences, deaths, facts, policy
from integrations.hub.classification import classified
from integrations.hub.errors import Ignored, Rejected
from integrations.hub.faults import fault
from integrations.hub.http import recording
from integrations.hub.inbox.keep import event_row
from integrations.hub.inbox.queue import ClaimedEvent, finish, later, renew
from integrations.hub.models import InboxEvent, InboxState
from integrations.hub.oauth.mending import step_mended
from integrations.hub.policy import Action, Signal, Step
from integrations.hub.redaction import redact
from integrations.hub.runs import HANDED_ON
from integrations.hub.sync.inbound import hints_take
from integrations.hub.types import Event, RawRequest

KEPT_TRACEBACK = 20_000
AUTH_AGAIN_SECONDS = 60.0
IGNORED = Step(Action.DONE, Signal.NONE, True, "ignored", "", reason=policy.IGNORED)


def process(claimed: ClaimedEvent) -> Step:
    """Apply the event and store how it went; what the provider's code raised stays on the row."""
    fault("inbox.claimed")
    with recording(lambda: renew(claimed)):
        try:
            step, reason = _apply(claimed.event)
        except Ignored as ignored:
            finish(claimed, **_done(InboxState.IGNORED, str(ignored)))
            return replace(IGNORED, message=str(ignored))
        except Exception as error:  # the boundary: whatever happened becomes a row
            return _failed(claimed, error)
    fault("inbox.applied")
    finish(claimed, **_done(InboxState.DONE, reason))
    return step


def _apply(row: InboxEvent) -> tuple[Step, str]:
    """How it went, and in words what is special; a hint only makes somebody look, so always new."""
    event = _event_of(row)
    hinting = row.connection.declaration.hints.get(event.kind)
    if hinting is None:
        is_new = facts.apply(row.connection, event)
        return policy.SUCCEEDED, "" if is_new else "applied before"
    if not hints_take(row.connection, hinting(event), received_at=row.received_at):
        raise Ignored("none of its records is kept in step")
    return replace(policy.SUCCEEDED, reason=HANDED_ON), ""


def _event_of(row: InboxEvent) -> Event:
    """Raises Rejected when the raw body has expired or holds the event no more."""
    webhook = row.connection.declaration.webhook
    if webhook is None or row.body is None:
        raise Rejected("The raw body of this event is gone; it cannot be processed any more.")
    raw = RawRequest(body=bytes(row.body.raw), headers=row.headers)
    for event in webhook.events(raw, row.connection):
        if event_row(row.connection_id, raw, event).event_id == row.event_id:
            return _named(event, row)
    raise Rejected("The raw body does not hold this event.")


def _named(event: Event, row: InboxEvent) -> Event:
    """A hint has no name of the vendor's, and the same hint later means a new change: its row."""
    key = event.key if event.key or event.id else f"inbox:{row.pk}"
    return replace(event, key=key, received_at=row.received_at)


def _done(state: InboxState, reason: str) -> dict[str, object]:
    return {
        "state": state,
        "reason": reason[:250],
        "finished_at": Now(),
        "claims": 0,
        "attempts": F("attempts") + 1,
        "last_error": "",
        "traceback": "",
    }


def _failed(claimed: ClaimedEvent, error: Exception) -> Step:
    row = claimed.event
    known = classified(error, row.connection.declaration.error)
    hidden = row.connection.credentials.texts()
    step = policy.step_after(known, attempts=row.attempts)
    step = _patient(step_mended(row.connection, step, known), row.attempts)
    step = replace(step, message=redact(step.message, hidden).replace("\x00", ""))
    values: dict[str, object] = {
        "claims": 0,
        "attempts": F("attempts") + int(step.is_counted),
        "last_error": step.message[:2000],
        "traceback": _traceback(error, hidden),
    }
    if step.action == Action.AGAIN:
        finish(claimed, state=InboxState.RECEIVED, run_at=later(step.seconds), **values)
    elif step.action == Action.DEAD:
        finish(claimed, state=InboxState.DEAD, reason=step.reason, finished_at=Now(), **values)
        deaths.event_died(row.connection, reason=step.reason, words=step.message)
    consequences.tell(row.connection, step, was_called=False)
    return step


def _patient(step: Step, attempts: int) -> Step:
    """Inbound work waits longer, up to a day, since what it misses may still arrive."""
    if step.action == Action.LEAVE:
        return step
    if step.signal == Signal.AUTH:
        return replace(step, seconds=AUTH_AGAIN_SECONDS)
    if not step.is_counted:
        return step
    ladder = policy.INBOX_LADDER_SECONDS
    if attempts >= len(ladder):
        return replace(step, action=Action.DEAD, reason=step.reason or step.code[:40])
    return replace(step, action=Action.AGAIN, seconds=policy.jittered(ladder[attempts]))


def _traceback(error: Exception, hidden: list[str]) -> str:
    text = "".join(traceback.format_exception(error))
    return redact(text[-KEPT_TRACEBACK:], hidden).replace("\x00", "")
