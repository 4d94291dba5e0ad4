from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0009_links_of_the_living"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncstate",
            name="offered_paths",
            field=ArrayField(
                base_field=models.CharField(max_length=120),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
    ]
