from django.db import migrations


class Migration(migrations.Migration):
    """A whole look was noted for every stream when it was made, and only those that pull ended it."""

    dependencies = (("hub", "0025_syncrecord_theirs_pending"),)

    operations = (
        migrations.RunSQL(
            "UPDATE hub_syncstate SET is_full_wanted = false"
            " WHERE direction = 'push' AND is_full_wanted",
            migrations.RunSQL.noop,
        ),
    )
