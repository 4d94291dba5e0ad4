"""A signing secret that was replaced: what was signed before still counts, for a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from integrations.hub.credentials import Secrets
from integrations.hub.former import former_kept
from integrations.hub.models import Connection, InboxEvent
from tests.integrations.hub.conftest import post_event

pytestmark = pytest.mark.django_db(transaction=True)


def test_event_signed_before_the_change_counts_for_a_day(connection: Connection) -> None:
    before = dict(connection.credentials)
    after = before | {"webhook_secret": "echo_hook_aNewSecretOfToday"}
    kept = former_kept(connection.declaration, before, after)
    Connection.objects.update(credentials=Secrets(kept))

    assert post_event(connection, {"id": "evt_1", "kind": "account.made"}).status_code == 200
    assert InboxEvent.objects.count() == 1
    # It is hidden in texts as the others are.
    assert before["webhook_secret"] in Connection.objects.get().credentials.texts()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        late = post_event(connection, {"id": "evt_2", "kind": "account.made"})
    assert late.status_code == 400
