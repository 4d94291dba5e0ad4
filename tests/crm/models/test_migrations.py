"""The migrations make what the models say, and the data moves go both ways."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from crm.models import Pipeline, RulePoints
from tests import factories

seeding = import_module("crm.migrations.0003_default_rule_points")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "crm", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_constraint_and_index_of_a_model_is_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class UNION SELECT conname FROM pg_constraint")
        there = {name for (name,) in cursor.fetchall()}

    named = {
        part.name
        for model in apps.get_models()
        for part in (*model._meta.constraints, *model._meta.indexes)
    }
    assert named - there == set()


@pytest.mark.django_db(transaction=True)
def test_lost_index_of_default_pipelines_comes_back_where_several_were_made() -> None:
    workspace = factories.workspace_make()
    migration = MigrationLoader(connection).get_migration("crm", "0007_one_default_pipeline")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX pipeline_one_default")
    oldest, *_ = [
        Pipeline.objects.create(workspace=workspace, name=name, is_default=True)
        for name in ("first", "second", "third")
    ]

    with connection.schema_editor() as editor:
        migration.apply(ProjectState(), editor)

    assert Pipeline.objects.get(is_default=True) == oldest
    with pytest.raises(IntegrityError):
        Pipeline.objects.create(workspace=workspace, name="fourth", is_default=True)


@pytest.mark.django_db
def test_default_points_are_seeded_once_and_taken_back() -> None:
    with connection.schema_editor() as editor:
        seeding.unseed(apps, editor)
        assert not RulePoints.objects.exists()

        seeding.seed(apps, editor)
        RulePoints.objects.filter(rule="invoice_paid").update(points=9)
        seeding.seed(apps, editor)

    assert RulePoints.objects.count() == len(seeding.POINTS)
    assert RulePoints.objects.get(rule="invoice_paid").points == 9


def _indexes() -> dict[str, bool]:
    """Whether each index of ours may be used, by its name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE relname ~ '_(updated|latest|words|phone_end|mobile_end)$'"
        )
        return dict(cursor.fetchall())


def _break_off_a_build() -> None:
    """Leave what PostgreSQL leaves of a build that fails: an index by name, not to be used."""
    factories.workspace_make()
    factories.workspace_make()
    with suppress(IntegrityError), connection.cursor() as cursor:
        cursor.execute("DROP INDEX task_words")
        cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY task_words ON crm_workspace ((1))")


@pytest.mark.django_db(transaction=True)
def test_indexes_are_built_beside_the_old_ones_and_again_after_a_break_off() -> None:
    loader, after = MigrationLoader(connection, replace_migrations=False), _indexes()
    migration = loader.get_migration("crm", "0006_search_indexes")

    def before() -> ProjectState:
        return loader.project_state(("crm", "0005_search_words"))

    with connection.schema_editor(atomic=False) as editor:
        migration.unapply(before(), editor)
        taken_back = _indexes()
        migration.apply(before(), editor)
        built = _indexes()
        _break_off_a_build()
        broken = _indexes()
        migration.apply(before(), editor)

    assert {"account_updated", "contact_updated"} <= set(taken_back)
    assert not {"account_latest", "task_words"} & set(taken_back)
    assert broken["task_words"] is False
    assert built == after == _indexes()
    assert all(after.values())
    assert {"account_latest", "task_words"} <= set(after)
    assert "account_updated" not in after
