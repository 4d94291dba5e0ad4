"""The migrations make what the models say, and the data moves go both ways."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from crm.models import RulePoints

seeding = import_module("crm.migrations.0003_default_rule_points")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "crm", check=True, dry_run=True, verbosity=0)


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
