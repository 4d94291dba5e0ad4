from django.db import migrations, models


class Migration(migrations.Migration):
    """Neither writes a row: what is not known yet is learnt by and by."""

    dependencies = [
        ("hub", "0019_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrecord",
            name="remote_modified_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="syncrecord",
            name="told_at",
            field=models.JSONField(blank=True, db_default={}, default=dict, editable=False),
        ),
    ]
