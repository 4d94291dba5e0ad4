from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a constant default: no row is written."""

    dependencies = [
        ("hub", "0021_revive_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncjob",
            name="permission_revivals",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
