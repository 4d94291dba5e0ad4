"""An index for what waits, built while links go on being written."""

from django.db import migrations, models

from crm.building import BuildIndex


class Migration(migrations.Migration):
    # An index cannot be built beside writers in a transaction; this step may be done again.
    atomic = False

    dependencies = [
        ("hub", "0011_offered_rows_of_present_mappings"),
    ]

    operations = [
        BuildIndex(
            model_name="syncrecord",
            index=models.Index(
                condition=models.Q(("waits_for", []), _negated=True),
                fields=["connection"],
                name="syncrecord_waiting",
            ),
        ),
    ]
