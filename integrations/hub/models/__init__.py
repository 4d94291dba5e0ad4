"""Everything the hub remembers."""

from __future__ import annotations

from integrations.hub.models.connection import (
    AuthKind,
    BreakerState,
    Connection,
    ConnectionState,
    GateReason,
)
from integrations.hub.models.figures import HourlyFigures
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
from integrations.hub.models.link import (
    ARCHIVED_WORDS,
    DELETED_WORDS,
    ENDED_THERE,
    GONE_WORDS,
    MADE_AGAIN_WORDS,
    MERGED_WORDS,
    ConflictState,
    LinkState,
    SyncConflict,
    SyncRecord,
)
from integrations.hub.models.liveness import (
    FailedRound,
    HubHeartbeat,
    NamedLease,
    RateBucket,
    Wake,
)
from integrations.hub.models.mapping import FieldMapping, OwnershipMapping, ValueMapping
from integrations.hub.models.oauth import OAuthApplication, OAuthAttempt
from integrations.hub.models.sync import (
    OurDelete,
    QuarantinedItem,
    RunKind,
    RunStatus,
    SyncDirection,
    SyncRun,
    SyncStage,
    SyncState,
    SyncStatus,
    TheirDelete,
)

__all__ = [
    "ARCHIVED_WORDS",
    "DELETED_WORDS",
    "ENDED_THERE",
    "GONE_WORDS",
    "MADE_AGAIN_WORDS",
    "MERGED_WORDS",
    "AppliedFact",
    "Attempt",
    "AuthKind",
    "BreakerState",
    "ConflictState",
    "Connection",
    "ConnectionState",
    "FailedRound",
    "FieldMapping",
    "GateReason",
    "HourlyFigures",
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
    "OurDelete",
    "OwnershipMapping",
    "QuarantinedItem",
    "RateBucket",
    "RunKind",
    "RunStatus",
    "SyncConflict",
    "SyncDirection",
    "SyncJob",
    "SyncRecord",
    "SyncRun",
    "SyncStage",
    "SyncState",
    "SyncStatus",
    "TheirDelete",
    "ValueMapping",
    "Wake",
    "WebhookRefusal",
    "WriteIntent",
]
