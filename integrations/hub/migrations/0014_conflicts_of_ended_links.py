"""Conflicts whose link has ended can be decided by nobody: closed, undecided, with both values."""

from django.db import migrations

CLOSE = """
UPDATE hub_syncconflict c
SET state = 'resolved', winner = '', resolved_by_id = NULL, resolved_at = statement_timestamp()
FROM hub_syncrecord r
WHERE r.id = c.link_id AND r.state = 'tombstone' AND c.state IN ('open', 'decided')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0013_hourly_figures"),
    ]

    operations = [
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
    ]
