"""The life of a job: enqueued, claimed with a lease, renewed before each call, finished."""

from __future__ import annotations

from integrations.hub.jobs.claim import (
    LEASE_SECONDS,
    Claimed,
    claim,
    claim_many,
    connection_next,
    renew,
    renew_many,
    sweep,
    uncount,
)
from integrations.hub.jobs.complete import Completed, complete
from integrations.hub.jobs.enqueue import command_job_add, dirty
from integrations.hub.jobs.finish import (
    again,
    dead,
    done,
    hand_back,
    hand_back_many,
)
from integrations.hub.jobs.replay import job_discard, job_replay
from integrations.hub.jobs.reviving import jobs_revive, jobs_revive_forbidden

__all__ = [
    "LEASE_SECONDS",
    "Claimed",
    "Completed",
    "again",
    "claim",
    "claim_many",
    "command_job_add",
    "complete",
    "connection_next",
    "dead",
    "dirty",
    "done",
    "hand_back",
    "hand_back_many",
    "job_discard",
    "job_replay",
    "jobs_revive",
    "jobs_revive_forbidden",
    "renew",
    "renew_many",
    "sweep",
    "uncount",
]
