"""Turns changes of the CRM into dirty jobs, for each connection that watches such records.

Runs in the transaction of the change, so a committed change always leads to a job.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.dispatch import receiver

from crm.choices import OriginKind
from crm.signals import ChangeBatch, changed
from integrations.hub import jobs, registry, wake
from integrations.hub.models import (
    Connection,
    ConnectionState,
    SyncDirection,
    SyncStage,
    SyncState,
)
from integrations.hub.pace import head_start


@receiver(changed, dispatch_uid="hub.outbox")
def watch(sender: type, batch: ChangeBatch, **kwargs: Any) -> None:
    """Mark the records dirty for every watching connection but the one the change came from."""
    watchers = [
        provider.id for provider in registry.all_providers() if provider.watches(batch.record_type)
    ]
    if not watchers:
        return
    watching = _watching(batch, watchers)
    for connection in watching:
        seconds = head_start(
            connection, batch.record_type, count=len(batch.record_ids), fields=batch.fields
        )
        jobs.dirty(connection.pk, batch.record_type, batch.record_ids, seconds)
    if watching:
        wake.wake_on_commit()


def _watching(batch: ChangeBatch, provider_ids: list[str]) -> list[Connection]:
    """Connections that take such changes now or later; a stream that is not live takes none."""
    connections = Connection.objects.filter(
        workspace_id=batch.workspace_id, provider__in=provider_ids, is_read_only=False
    ).exclude(state=ConnectionState.DISABLED)
    source = batch.origin.id.partition(":")[0]
    if batch.origin.kind == OriginKind.CONNECTION and source.isdecimal():
        connections = connections.exclude(pk=int(source))
    by_handler = [
        provider.id for provider in registry.all_providers() if batch.record_type in provider.pushes
    ]
    live = SyncState.objects.filter(
        connection=OuterRef("pk"),
        record_type=batch.record_type,
        is_enabled=True,
        stage=SyncStage.LIVE,
    ).exclude(direction=SyncDirection.PULL)
    served = connections.filter(Q(provider__in=by_handler) | Exists(live))
    return list(served.defer("credentials").order_by("pk"))
