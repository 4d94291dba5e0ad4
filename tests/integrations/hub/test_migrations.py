"""The hub's migrations make what the models say, and leave people at work on large tables."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from integrations.hub.models import Connection, SyncRecord
from tests.integrations.hub.test_deaths import wait_for_lock

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 30.0
BEFORE, MIGRATION = "0011_offered_rows_of_present_mappings", "0012_links_that_wait"


def is_there() -> bool:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid::regclass::text = %s",
            [
                "syncrecord_waiting",
            ],
        )
        return cursor.fetchall() == [(True,)]


def migrate(*, is_back: bool = False) -> None:
    """This step alone, as the command would take it."""
    loader = MigrationLoader(database, replace_migrations=False)
    migration = loader.get_migration("hub", MIGRATION)
    state: ProjectState = loader.project_state(("hub", BEFORE))
    with database.schema_editor(atomic=migration.atomic) as editor:
        (migration.unapply if is_back else migration.apply)(state, editor)


def test_no_migration_of_the_hub_is_missing() -> None:
    call_command("makemigrations", "hub", check=True, dry_run=True, verbosity=0)


def test_index_is_taken_back_built_and_left_alone_where_it_is_there() -> None:
    assert is_there()
    migrate(is_back=True)
    assert not is_there()
    migrate()
    assert is_there()
    migrate()
    assert is_there()


def test_links_are_written_while_their_index_is_built(connection: Connection) -> None:
    migrate(is_back=True)

    with transaction.atomic():
        link_make(connection, 1)
        builder = threading.Thread(target=_built_aside)
        builder.start()
        # It waits for this writer to end, and yet lets others write.
        wait_for_lock()
        writer = threading.Thread(target=_written_aside, args=(connection,))
        writer.start()
        writer.join(5)
        was_written = not writer.is_alive()
    builder.join(SECONDS)
    writer.join(SECONDS)

    assert was_written
    assert SyncRecord.objects.count() == 2
    assert is_there()


def link_make(connection: Connection, local_id: int) -> None:
    SyncRecord.objects.create(
        connection=connection,
        object="people",
        record_type="contact",
        external_id=str(local_id),
        local_id=local_id,
    )


def _built_aside() -> None:
    try:
        migrate()
    finally:
        database.close()


def _written_aside(connection: Connection) -> None:
    try:
        link_make(connection, 2)
    finally:
        database.close()
