"""What the pages of a workspace show of its connections: state, queue, recent work, events."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from crm.models import Workspace
from integrations.hub import registry
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobState,
    LinkState,
    SyncJob,
    SyncRun,
)
from integrations.hub.provider import Provider

RECENT = 10
FORMER = 5


@dataclass(frozen=True)
class Integration:
    """One provider on the integrations page, with the workspace's connections to it.

    `former` are the last ones that were disconnected and can be connected again.
    """

    provider: Provider
    connections: list[Connection]
    former: list[Connection]
    former_count: int


@dataclass(frozen=True)
class WorkCounts:
    """How much work of a connection waits, runs or needs a person."""

    jobs_waiting: int
    jobs_dead: int
    events_waiting: int
    events_dead: int

    @property
    def waiting(self) -> int:
        return self.jobs_waiting + self.events_waiting

    @property
    def dead(self) -> int:
        return self.jobs_dead + self.events_dead


def connections_of(workspace: Workspace) -> QuerySet[Connection]:
    """The workspace's connections that are not disconnected."""
    return Connection.objects.filter(workspace=workspace).exclude(state=ConnectionState.DISABLED)


def integrations_of(workspace: Workspace) -> list[Integration]:
    """Every installed provider, in the order of the settings."""
    connections = list(Connection.objects.filter(workspace=workspace))
    return [
        _integration(provider, [one for one in connections if one.provider == provider.id])
        for provider in registry.all_providers()
    ]


def _integration(provider: Provider, connections: list[Connection]) -> Integration:
    former = [one for one in connections if one.state == ConnectionState.DISABLED]
    return Integration(
        provider=provider,
        connections=[one for one in connections if one.state != ConnectionState.DISABLED],
        former=sorted(former, key=lambda one: one.updated_at, reverse=True)[:FORMER],
        former_count=len(former),
    )


def work_counts(connection: Connection) -> WorkCounts:
    jobs = connection.jobs.aggregate(
        waiting=Count("id", filter=Q(state__in=(JobState.READY, JobState.LEASED))),
        dead=Count("id", filter=Q(state=JobState.DEAD)),
    )
    events = connection.inbox_events.aggregate(
        waiting=Count("id", filter=Q(state__in=(InboxState.RECEIVED, InboxState.LEASED))),
        dead=Count("id", filter=Q(state=InboxState.DEAD)),
    )
    return WorkCounts(jobs["waiting"], jobs["dead"], events["waiting"], events["dead"])


def linked_count(connection: Connection) -> int:
    """Links of our records to its things, without those that ended."""
    return connection.sync_records.exclude(state=LinkState.TOMBSTONE).count()


def recent_jobs(connection: Connection) -> QuerySet[SyncJob]:
    return connection.jobs.select_related("intent").order_by("-id")[:RECENT]


def recent_events(connection: Connection) -> QuerySet[InboxEvent]:
    return connection.inbox_events.order_by("-id")[:RECENT]


def recent_runs(connection: Connection) -> QuerySet[SyncRun]:
    return connection.sync_runs.order_by("-id")[:RECENT]
