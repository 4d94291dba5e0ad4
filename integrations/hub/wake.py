"""Asks the queue to run the pump; many asks while one is pending are one task."""

from __future__ import annotations

import logging

from django.db import connection as database
from django.db import transaction
from django_q.tasks import async_task

from integrations.hub.faults import fault

logger = logging.getLogger(__name__)

PUMP_TASK = "integrations.hub.tasks.pump"
NAME = "hub"
# A wake-up that nobody has answered for so long is lost: the queue may be asked again.
STALE_SECONDS = 20

ENSURE = "INSERT INTO hub_wake (name) VALUES (%s) ON CONFLICT (name) DO NOTHING"
SET = """
UPDATE hub_wake SET is_pending = true, at = now()
WHERE name = %s AND (NOT is_pending OR at < now() - %s * interval '1 second')
"""
CLEAR = "UPDATE hub_wake SET is_pending = false WHERE name = %s AND is_pending"


def wake() -> bool:
    """True when a task was put into the queue; call it after the commit of the work."""
    fault("wake.asked")
    with database.cursor() as cursor:
        cursor.execute(SET, [NAME, STALE_SECONDS])
        is_ours = bool(cursor.rowcount)
    if is_ours:
        ask_queue()
    return is_ours


def ensure() -> None:
    """The flag's row exists; without it nobody is woken before the next tick."""
    with database.cursor() as cursor:
        cursor.execute(ENSURE, [NAME])


def ask_queue() -> None:
    """Put the pump into the queue, once the flag is ours."""
    async_task(PUMP_TASK, task_name="hub.pump")


def ask_queue_if_it_hears() -> None:
    """As ask_queue, for what is committed and told already: the tick finds what nobody is told."""
    try:
        ask_queue()
    except Exception:  # the boundary: database or Redis, away in this very moment
        logger.exception("the queue could not be asked to work")


def wake_on_commit() -> None:
    """A wake-up that is lost costs at most a minute, so it never breaks the write it follows."""
    transaction.on_commit(wake, robust=True)


def clear() -> None:
    """The pump has begun: work that comes from now on asks anew."""
    with database.cursor() as cursor:
        cursor.execute(CLEAR, [NAME])
