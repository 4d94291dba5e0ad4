"""An index for the jobs of commands, which are few, built while jobs go on being written."""

from django.db import migrations, models

from crm.building import BuildIndex


class Migration(migrations.Migration):
    # An index cannot be built beside writers in a transaction; this step may be done again.
    atomic = False

    dependencies = [
        ("hub", "0017_conflicts_left_undecided"),
    ]

    operations = [
        BuildIndex(
            model_name="syncjob",
            index=models.Index(
                condition=models.Q(("intent__isnull", False)),
                fields=["intent"],
                name="job_intent",
            ),
        ),
    ]
