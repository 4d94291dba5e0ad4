"""What the queue runs; all of it may be lost or run twice without harm."""

from __future__ import annotations

import logging
from collections.abc import Callable

from crm.trace import new_context_id, within_context
from integrations.hub import pump as engine
from integrations.hub import ticking
from integrations.hub.outdated import OutdatedCode
from integrations.hub.sync.reconciling import reconcile_work
from integrations.hub.sync.undoing import run_undo_work

logger = logging.getLogger("integrations.hub.tasks")


def pump() -> int:
    """Do due work for at most 25 s, well under the time-out of a task."""
    with within_context(new_context_id("task")):
        return _unless_outdated(engine.pump)


def tick() -> None:
    """Each minute: find what a lost wake-up or a dead worker left behind."""
    with within_context(new_context_id("tick")):
        _unless_outdated(ticking.tick)


def _unless_outdated(work: Callable[[], int | None]) -> int:
    """A cluster whose code is outdated is missed as silent, and begun anew; it says why."""
    try:
        return work() or 0
    except OutdatedCode as error:
        logger.error("%s", error)
        return 0


def run_undo(run_id: int) -> None:
    """A slice of an undo; the rest asks for a task of its own."""
    with within_context(new_context_id("task")):
        run_undo_work(run_id)


def reconcile(run_id: int) -> None:
    """A slice of a comparison; the rest asks for a task of its own."""
    with within_context(new_context_id("task")):
        reconcile_work(run_id)
