from django.db import migrations, models


class Migration(migrations.Migration):
    """A column without a value: no row is written."""

    dependencies = [
        ("hub", "0022_permission_revivals"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrecord",
            name="away_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
