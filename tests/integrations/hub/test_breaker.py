"""When the breaker of a connection opens, closes, and gives a silent connection up."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now

from crm.models import Alert
from integrations.hub import breaker
from integrations.hub.models import BreakerState, Connection, JobState, SyncJob
from tests.integrations.hub.conftest import command_make, time_passes
from tests.integrations.hub.refusing import rows_refused

pytestmark = pytest.mark.django_db(transaction=True)


def opened(connection: Connection, *, hours: float = 1) -> None:
    """An outage has lasted so long."""
    for _ in range(breaker.FAILURES_IN_A_ROW):
        breaker.failed(connection)
    time_passes(hours * 3600)
    connection.refresh_from_db()
    assert connection.breaker_state == BreakerState.OPEN


def state_of(connection: Connection) -> BreakerState:
    connection.refresh_from_db()
    return BreakerState(connection.breaker_state)


def test_breaker_that_could_not_revive_what_died_stays_open(connection: Connection) -> None:
    died = command_make(connection)
    opened(connection)
    SyncJob.objects.update(state=JobState.DEAD, reason="transient", finished_at=Now())

    breaker.succeeded(connection)
    with rows_refused("hub_syncjob", "NEW.state = 'ready'"), pytest.raises(DatabaseError):
        breaker.succeeded(connection)
    assert state_of(connection) == BreakerState.OPEN
    assert connection.outage_since is not None
    breaker.succeeded(connection)

    assert state_of(connection) == BreakerState.CLOSED
    died.refresh_from_db()
    assert (died.state, died.revivals) == (JobState.READY, 1)
    assert Alert.objects.get(kind="connection_outage").status == "resolved"
