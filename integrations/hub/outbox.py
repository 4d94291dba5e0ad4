"""Turns changes of the CRM into dirty jobs, for each connection that watches such records.

Runs in the transaction of the change, so a committed change always leads to a job.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from crm.choices import OriginKind
from crm.signals import ChangeBatch, changed
from integrations.hub import jobs, registry, wake
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.pace import head_start


@receiver(changed, dispatch_uid="hub.outbox")
def watch(sender: type, batch: ChangeBatch, **kwargs: Any) -> None:
    """Mark the records dirty for every watching connection but the one the change came from."""
    watchers = [
        provider.id for provider in registry.all_providers() if batch.record_type in provider.pushes
    ]
    if not watchers:
        return
    watching = _watching(batch, watchers)
    for connection in watching:
        seconds = head_start(connection, batch.record_type, count=len(batch.record_ids))
        jobs.dirty(connection.pk, batch.record_type, batch.record_ids, seconds)
    if watching:
        wake.wake_on_commit()


def _watching(batch: ChangeBatch, provider_ids: list[str]) -> list[Connection]:
    connections = Connection.objects.filter(
        workspace_id=batch.workspace_id, provider__in=provider_ids
    ).exclude(state=ConnectionState.DISABLED)
    if batch.origin.kind == OriginKind.CONNECTION and batch.origin.id.isdigit():
        connections = connections.exclude(pk=int(batch.origin.id))
    return list(connections.defer("credentials").order_by("pk"))
