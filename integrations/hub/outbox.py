"""Turns changes of the CRM into dirty jobs, for each connection that watches such records.

Runs in the transaction of the change, so a committed change always leads to a job.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection as database
from django.dispatch import receiver

from crm.choices import OriginKind
from crm.signals import ChangeBatch, changed
from integrations.hub import jobs, registry, wake
from integrations.hub.models import Connection
from integrations.hub.pace import head_start

# Asked at every write of a record, and mostly answered with nothing.
_WATCHING: Final = """
SELECT c.id FROM hub_connection c
WHERE c.workspace_id = %(workspace)s AND c.provider = ANY(%(providers)s)
  AND c.state <> 'disabled' AND NOT c.is_read_only AND c.id IS DISTINCT FROM %(source)s
  AND (c.provider = ANY(%(handlers)s) OR EXISTS (
      SELECT 1 FROM hub_syncstate s WHERE s.connection_id = c.id
      AND s.record_type = %(record_type)s AND s.is_enabled AND s.stage = 'live'
      AND s.direction <> 'pull'))
"""


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
    source = batch.origin.id.partition(":")[0]
    is_source = batch.origin.kind == OriginKind.CONNECTION and source.isdecimal()
    values: dict[str, Any] = {
        "workspace": batch.workspace_id,
        "record_type": batch.record_type,
        "providers": provider_ids,
        "handlers": [one.id for one in registry.all_providers() if batch.record_type in one.pushes],
        "source": int(source) if is_source else None,
    }
    with database.cursor() as cursor:
        cursor.execute(_WATCHING, values)
        ids = [pk for (pk,) in cursor.fetchall()]
    rows = Connection.objects.filter(pk__in=ids).defer("credentials").order_by("pk")
    return list(rows) if ids else []
