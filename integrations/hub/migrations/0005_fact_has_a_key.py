"""Facts without a key would be taken for one another; a mark of that kind is forgotten first."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0004_webhook_found"),
    ]

    operations = [
        migrations.RunSQL("DELETE FROM hub_appliedfact WHERE key = ''", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="appliedfact",
            constraint=models.CheckConstraint(
                condition=models.Q(("key", ""), _negated=True), name="fact_has_a_key"
            ),
        ),
    ]
