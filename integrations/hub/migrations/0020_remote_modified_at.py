from django.db import migrations, models


class Migration(migrations.Migration):
    """Without a default, so that no row is written: what is not known yet is learnt by and by."""

    dependencies = [
        ("hub", "0017_conflicts_left_undecided"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncrecord",
            name="remote_modified_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
