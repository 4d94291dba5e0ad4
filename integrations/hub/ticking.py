"""The one-minute round: whatever a lost wake-up or a dead worker left behind is found here."""

from __future__ import annotations

from collections.abc import Callable

from integrations.hub import (
    breaker,
    deaths,
    figures,
    inbox,
    jobs,
    retention,
    revivals,
    schedules,
    selectors,
    sweeps,
    wake,
    watchdog,
)


def _rounds() -> dict[str, Callable[[], object]]:
    """The hub's own, in the order in which one leads to the next."""
    return {
        "schedules": schedules.rows_ensure,
        "inbox": inbox.sweep,
        "jobs": jobs.sweep,
        "breaker": breaker.silent_disable,
        "revivals": revivals.sweep,
        "deaths": deaths.settle,
        "figures": figures.hours_count,
        "retention": retention.prune,
    }


def tick() -> None:
    """Take back expired leases, wake for due work, and tidy up; safe to run any number of times."""
    watchdog.beat("tick")
    sweeps.sweeps_run(_rounds())
    if selectors.is_work_due():
        wake.wake()
