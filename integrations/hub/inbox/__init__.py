"""Inbound events: kept before they are answered, then processed once each."""

from __future__ import annotations

from integrations.hub.inbox.keep import Kept, keep, refusal_count
from integrations.hub.inbox.process import process
from integrations.hub.inbox.queue import ClaimedEvent, claim, connection_next, sweep, uncount
from integrations.hub.inbox.replay import event_discard, event_replay

__all__ = [
    "ClaimedEvent",
    "Kept",
    "claim",
    "connection_next",
    "event_discard",
    "event_replay",
    "keep",
    "process",
    "refusal_count",
    "sweep",
    "uncount",
]
