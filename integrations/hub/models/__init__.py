"""Everything the hub remembers."""

from __future__ import annotations

from integrations.hub.models.connection import (
    AuthKind,
    BreakerState,
    Connection,
    ConnectionState,
    GateReason,
)
from integrations.hub.models.inbox import (
    AppliedFact,
    InboxBody,
    InboxEvent,
    InboxState,
    WebhookRefusal,
)
from integrations.hub.models.job import (
    Attempt,
    IntentOutcome,
    JobKind,
    JobState,
    SyncJob,
    WriteIntent,
)
from integrations.hub.models.liveness import (
    FailedRound,
    HubHeartbeat,
    NamedLease,
    RateBucket,
    Wake,
)
from integrations.hub.models.oauth import OAuthApplication, OAuthAttempt
from integrations.hub.models.sync import (
    LinkState,
    RunKind,
    RunStatus,
    SyncDirection,
    SyncRecord,
    SyncRun,
    SyncState,
    SyncStatus,
)

__all__ = [
    "AppliedFact",
    "Attempt",
    "AuthKind",
    "BreakerState",
    "Connection",
    "ConnectionState",
    "FailedRound",
    "GateReason",
    "HubHeartbeat",
    "InboxBody",
    "InboxEvent",
    "InboxState",
    "IntentOutcome",
    "JobKind",
    "JobState",
    "LinkState",
    "NamedLease",
    "OAuthApplication",
    "OAuthAttempt",
    "RateBucket",
    "RunKind",
    "RunStatus",
    "SyncDirection",
    "SyncJob",
    "SyncRecord",
    "SyncRun",
    "SyncState",
    "SyncStatus",
    "Wake",
    "WebhookRefusal",
    "WriteIntent",
]
