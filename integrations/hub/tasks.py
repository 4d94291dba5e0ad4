"""What the queue runs; both may be lost or run twice without harm."""

from __future__ import annotations

from crm.trace import new_context_id, within_context
from integrations.hub import pump as engine
from integrations.hub import ticking


def pump() -> int:
    """Do due work for at most 25 s, well under the time-out of a task."""
    with within_context(new_context_id("task")):
        return engine.pump()


def tick() -> None:
    """Each minute: find what a lost wake-up or a dead worker left behind."""
    with within_context(new_context_id("tick")):
        ticking.tick()
