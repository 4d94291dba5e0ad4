"""The life of a job: enqueued, claimed with a lease, renewed before each call, finished."""

from __future__ import annotations

from integrations.hub.jobs.claim import (
    LEASE_SECONDS,
    Claimed,
    claim,
    connection_next,
    renew,
    sweep,
)
from integrations.hub.jobs.enqueue import command_job_add, dirty
from integrations.hub.jobs.finish import again, dead, dead_supersede, done
from integrations.hub.jobs.replay import job_discard, job_replay, jobs_revive

__all__ = [
    "LEASE_SECONDS",
    "Claimed",
    "again",
    "claim",
    "command_job_add",
    "connection_next",
    "dead",
    "dead_supersede",
    "dirty",
    "done",
    "job_discard",
    "job_replay",
    "jobs_revive",
    "renew",
    "sweep",
]
