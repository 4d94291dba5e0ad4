"""The one-minute round: whatever a lost wake-up or a dead worker left behind is found here."""

from __future__ import annotations

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


def tick() -> None:
    """Take back expired leases, wake for due work, and tidy up; safe to run any number of times."""
    watchdog.beat("tick")
    schedules.rows_ensure()
    inbox.sweep()
    jobs.sweep()
    breaker.silent_disable()
    revivals.sweep()
    deaths.settle()
    figures.hours_count()
    retention.prune()
    sweeps.sweeps_run()
    if selectors.is_work_due():
        wake.wake()
