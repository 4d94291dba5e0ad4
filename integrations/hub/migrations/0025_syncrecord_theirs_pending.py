from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("hub", "0024_revive_forbidden_until"),)

    operations = (
        migrations.AddField(
            model_name="syncrecord",
            name="theirs_pending",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    )
