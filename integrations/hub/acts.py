"""Remembers in the ledger what a person did to a job or an event: who, when, from and to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.models import User
from crm.services.ledger import append_act, record_type
from crm.services.origin import Origin, by_user
from integrations.hub.models import Connection, InboxEvent, SyncJob, SyncState

LONGEST_SHOWN = 500


def act_remember(
    work: SyncJob | InboxEvent | SyncState, *, before: str, after: str, actor: User
) -> None:
    """Call it in the transaction of the act; `before` and `after` are states of the work."""
    append_act(
        workspace_id=work.connection.workspace_id,
        subject=(record_type(work), work.pk),
        diff={"state": [str(before), str(after)]},
        origin=by_user(actor, reason=f"{work.connection}: {work}"),
    )


def connection_act_remember(
    connection: Connection, *, diff: Mapping[str, tuple[Any, Any]], origin: Origin
) -> None:
    """What changed of a connection, never a secret; call it in the transaction of the change."""
    append_act(
        workspace_id=connection.workspace_id,
        subject=(record_type(connection), connection.pk),
        diff={name: [_shown(before), _shown(after)] for name, (before, after) in diff.items()},
        origin=origin,
    )


def stream_act_remember(
    state: SyncState, *, diff: Mapping[str, tuple[Any, Any]], origin: Origin
) -> None:
    """What an operator told a stream; call it in the transaction of the act."""
    append_act(
        workspace_id=state.connection.workspace_id,
        subject=(record_type(state), state.pk),
        diff={name: [_shown(before), _shown(after)] for name, (before, after) in diff.items()},
        origin=replace(origin, reason=origin.reason or str(state)),
    )


def _shown(value: Any) -> Any:
    return value if not isinstance(value, str) else value[:LONGEST_SHOWN]
