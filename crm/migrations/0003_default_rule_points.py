"""Puts the points of every rule into rows, so that an admin can edit them."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# As they were when this was written; crm.rules.points may grow, with a migration of its own.
POINTS = {
    "invoice_paid": 5,
    "invoice_failed": -15,
    "high_support_volume": -10,
    "email_opened": 2,
    "email_clicked": 5,
    "lead_score.company_email": 20,
    "lead_score.phone": 10,
    "lead_score.company": 10,
    "lead_score.senior_title": 15,
    "lead_score.budget": 15,
    "lead_score.warm_source": 10,
    "lead_score.qualified": 10,
    "lead_score.recent_contact": 10,
}


def seed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule_points = apps.get_model("crm", "RulePoints")
    rows = [rule_points(rule=rule, points=points) for rule, points in POINTS.items()]
    rule_points.objects.bulk_create(rows, ignore_conflicts=True)


def unseed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rule_points = apps.get_model("crm", "RulePoints")
    rule_points.objects.filter(workspace=None, rule__in=POINTS).delete()


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_invoice_source_state")]
    operations = [migrations.RunPython(seed, unseed)]
