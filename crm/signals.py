"""What the CRM tells others; sent by services only, inside the transaction of the write.

`changed` carries `changes: list[Change]`, all of one workspace and record type, already stored.
A moment of the domain carries the record and the origin of the write.
"""

from __future__ import annotations

from django.dispatch import Signal

changed = Signal()
merged = Signal()
deleted = Signal()

deal_won = Signal()  # deal: Deal, origin: Origin
list_changed = Signal()  # contact_list: ContactList, origin: Origin
ticket_escalated = Signal()  # ticket: Ticket, origin: Origin
meeting_scheduled = Signal()  # meeting: Meeting, origin: Origin
