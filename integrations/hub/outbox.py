"""Turns changes of the CRM into dirty jobs, for each connection that watches such records.

Runs in the transaction of the change, so a committed change always leads to a job.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from crm.choices import OriginKind
from crm.signals import ChangeBatch, changed
from integrations.hub import jobs, registry, wake
from integrations.hub.jobs.enqueue import (
    BULK_HEAD_START_SECONDS,
    INTERACTIVE_HEAD_START_SECONDS,
)
from integrations.hub.models import Connection, ConnectionState

# More records than this in one write are bulk work: a person's edit overtakes them.
BULK_SIZE = 20


@receiver(changed, dispatch_uid="hub.outbox")
def watch(sender: type, batch: ChangeBatch, **kwargs: Any) -> None:
    """Mark the records dirty for every watching connection but the one the change came from."""
    watchers = [
        provider.id for provider in registry.all_providers() if batch.record_type in provider.pushes
    ]
    if not watchers:
        return
    head_start = (
        BULK_HEAD_START_SECONDS
        if len(batch.record_ids) > BULK_SIZE
        else INTERACTIVE_HEAD_START_SECONDS
    )
    ids = _watching(batch, watchers)
    for connection_id in ids:
        jobs.dirty(connection_id, batch.record_type, batch.record_ids, head_start)
    if ids:
        wake.wake_on_commit()


def _watching(batch: ChangeBatch, provider_ids: list[str]) -> list[int]:
    connections = Connection.objects.filter(
        workspace_id=batch.workspace_id, provider__in=provider_ids
    ).exclude(state=ConnectionState.DISABLED)
    if batch.origin.kind == OriginKind.CONNECTION and batch.origin.id.isdigit():
        connections = connections.exclude(pk=int(batch.origin.id))
    return list(connections.order_by("pk").values_list("pk", flat=True))
