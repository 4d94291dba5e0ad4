"""Remembers in the ledger what a person did to a job or an event: who, when, from and to what."""

from __future__ import annotations

from crm.models import User
from crm.services.ledger import append_act, record_type
from crm.services.origin import by_user
from integrations.hub.models import InboxEvent, SyncJob


def act_remember(work: SyncJob | InboxEvent, *, before: str, after: str, actor: User) -> None:
    """Call it in the transaction of the act; `before` and `after` are states of the work."""
    append_act(
        workspace_id=work.connection.workspace_id,
        subject=(record_type(work), work.pk),
        diff={"state": [str(before), str(after)]},
        origin=by_user(actor, reason=f"{work.connection}: {work}"),
    )
