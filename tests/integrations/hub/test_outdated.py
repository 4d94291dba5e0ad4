"""A process whose code is older than the database works no more, and shows no life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from integrations.hub import tasks
from integrations.hub.models import Connection, HubHeartbeat, JobState, SyncJob
from integrations.hub.outdated import code
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import command_make
from tests.integrations.hub.echo import EchoVendor

pytestmark = pytest.mark.django_db(transaction=True)
NEWER = "9999_of_a_newer_version"


@pytest.fixture
def migrated(connection: Connection) -> Iterator[None]:
    """Somebody has installed a newer version beside us."""
    recorder = MigrationRecorder(database)
    recorder.record_applied("hub", NEWER)
    yield
    recorder.record_unapplied("hub", NEWER)


@pytest.mark.usefixtures("migrated")
def test_process_of_an_older_version_leaves_the_work_to_others(
    connection: Connection,
    vendor: EchoVendor,
    caplog: pytest.LogCaptureFixture,
    signals_as_before: None,
) -> None:
    command_make(connection)

    assert tasks.pump() == 0
    tasks.tick()
    with pytest.raises(CommandError, match="must be started again"):
        call_command("hubworker", "--seconds=5")

    assert SyncJob.objects.get().state == JobState.READY
    assert not HubHeartbeat.objects.exists()
    assert "migrated by a newer version" in caplog.text


@pytest.mark.usefixtures("migrated")
def test_migration_that_was_there_before_the_process_is_of_an_old_installation(
    connection: Connection, vendor: EchoVendor
) -> None:
    MigrationRecorder.Migration.objects.filter(name=NEWER).update(
        applied=code.began_at - timedelta(days=400)
    )
    command_make(connection)

    pump(budget_seconds=0)

    assert SyncJob.objects.get().state == JobState.DONE


def test_migration_of_our_own_version_outdates_nobody(
    connection: Connection, vendor: EchoVendor
) -> None:
    MigrationRecorder.Migration.objects.filter(app="hub").update(applied=timezone.now())
    command_make(connection)

    pump(budget_seconds=0)

    assert SyncJob.objects.get().state == JobState.DONE
