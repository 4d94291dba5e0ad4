"""Outbound acts that are no state: a command is intended in the caller's transaction, then run.

The intent is committed before the first call to the vendor and gives every call its idempotency
key, so a repeat after a crash is the same request.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm.choices import OriginKind
from crm.services.origin import Origin
from integrations.hub import jobs, wake
from integrations.hub.errors import Rejected
from integrations.hub.links import Links
from integrations.hub.models import Connection, WriteIntent
from integrations.hub.words import command_words


@dataclass(frozen=True)
class Command:
    """What a handler is given."""

    connection: Connection
    intent: WriteIntent
    is_retry: bool

    @property
    def kind(self) -> str:
        return self.intent.kind

    @property
    def body(self) -> Mapping[str, Any]:
        """As it was when the command was given; never changes."""
        body: Mapping[str, Any] = self.intent.body
        return body

    @property
    def uid(self) -> str:
        return str(self.intent.uid)

    @property
    def record_id(self) -> int:
        return self.intent.record_id

    def key(self, step: str) -> str:
        """The idempotency key of one step; the same at every retry."""
        return f"{self.intent.uid}:{step}"

    @property
    def links(self) -> Links:
        return Links(self.connection)

    @property
    def origin(self) -> Origin:
        """For writes into the CRM that this command causes."""
        reason = f"{self.connection}: {command_words(self.kind)}"
        return Origin(OriginKind.COMMAND, self.uid, reason=reason)

    def key_renew(self) -> None:
        """New idempotency keys from here on.

        Only after the vendor was searched and nothing of this command was found there: some vendors
        answer an old key with the failure they stored for it.
        """
        self.intent.uid = uuid.uuid4()
        self.intent.save(update_fields=["uid"])

    def recall(self, step: str) -> Any:
        """What a finished step left with `remember`; None when it has not finished."""
        return self.intent.progress.get(step)

    def remember(self, step: str, value: Any) -> None:
        """Commit at once what a step gave, for what no link can hold."""
        with transaction.atomic():
            held = WriteIntent.objects.select_for_update().get(pk=self.intent.pk)
            held.progress[step] = value
            held.save(update_fields=["progress"])
        self.intent.progress[step] = value


@transaction.atomic
def command_enqueue(
    connection: Connection,
    kind: str,
    *,
    subject: tuple[str, int],
    body: Mapping[str, Any],
    key: str,
) -> WriteIntent:
    """Intend one act about `subject` (record type and id); call it in the writing transaction.

    The same `key` on the same connection is the same act: the second call changes nothing. Commands
    of one subject run one at a time, in the order they were given. Raises Rejected for a kind the
    provider does not have.
    """
    if kind not in connection.declaration.commands:
        raise Rejected(f"{connection.provider_name} has no command {kind!r}.")
    record_type, record_id = subject
    intent, is_new = WriteIntent.objects.get_or_create(
        connection=connection,
        key=key,
        defaults={
            "kind": kind,
            "record_type": record_type,
            "record_id": record_id,
            "body": dict(body),
        },
    )
    if is_new:
        jobs.command_job_add(intent)
        wake.wake_on_commit()
    return intent
