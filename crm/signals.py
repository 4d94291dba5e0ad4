"""What the CRM tells others; sent by services only, inside the transaction of the write.

`changed` is sent with `sender=<model class>` and `batch: ChangeBatch`, once per write and once
per batch of a set-based writer; its ledger rows are already stored. A receiver looks like

    def receiver(sender: type[Record], batch: ChangeBatch, **kwargs: Any) -> None: ...

A moment of the domain carries the record and the origin of the write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.dispatch import Signal

from crm.models import Change
from crm.services.origin import Origin


@dataclass(frozen=True)
class ChangeBatch:
    """Writes of one workspace, record type, action and origin.

    `record_ids` and `change_ids` run in parallel. `fields` names what was written in any of the
    records; a custom field is named `custom.<key>`. An archived record has action `deleted`.
    """

    workspace_id: int
    record_type: str
    action: str
    record_ids: Sequence[int]
    change_ids: Sequence[int]
    fields: frozenset[str]
    origin: Origin

    @cached_property
    def changes(self) -> list[Change]:
        """The ledger rows, read from the database when first asked for."""
        return list(Change.objects.filter(pk__in=self.change_ids).order_by("pk"))


changed = Signal()  # batch: ChangeBatch
merged = Signal()
deleted = Signal()

deal_won = Signal()  # deal: Deal, origin: Origin
list_changed = Signal()  # contact_list: ContactList, origin: Origin
ticket_escalated = Signal()  # ticket: Ticket, origin: Origin
meeting_scheduled = Signal()  # meeting: Meeting, origin: Origin
