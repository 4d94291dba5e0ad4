"""What the page of a mapping offers of the provider's default rows, each as it is to be shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crm.models import Change
from crm.services.ledger import record_type
from integrations.hub.mapping.default_rows import defaults_new
from integrations.hub.mapping.steps import steps_write
from integrations.hub.models import Connection, FieldMapping
from integrations.hub.streams import Stream


@dataclass(frozen=True)
class Offer:
    """A default row that nobody has decided on; `was_removed` when somebody took its like away."""

    row: FieldMapping
    steps: str
    was_removed: bool


def offers_of(connection: Connection, stream: Stream) -> list[Offer]:
    """The ledger is asked only when there is something to offer."""
    rows = defaults_new(connection, stream)
    removed = _removed(connection, stream.object, [row.path for row in rows]) if rows else set()
    return [Offer(row, steps_write(row.transform), row.path in removed) for row in rows]


def _removed(connection: Connection, object: str, paths: Collection[str]) -> set[str]:
    """Those of the paths a row of the stream was about before a person removed it."""
    deletions = Change.objects.filter(
        workspace=connection.workspace_id,
        record_type=record_type(FieldMapping),
        diff__connection__0=connection.pk,
        diff__object__0=object,
        diff__path__0__in=list(paths),
    )
    return set(deletions.values_list("diff__path__0", flat=True))
