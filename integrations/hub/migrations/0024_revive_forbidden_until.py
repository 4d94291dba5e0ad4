from django.db import migrations, models


class Migration(migrations.Migration):
    """A column without a value: no row is written."""

    dependencies = [
        ("hub", "0023_syncrecord_away_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="revive_forbidden_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
