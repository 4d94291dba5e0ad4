"""What is mapped now has been offered before: it is not offered again once somebody removes it."""

from django.db import migrations

FILL = """
UPDATE hub_syncstate s SET offered_paths = m.paths FROM (
    SELECT connection_id, object, array_agg(DISTINCT path ORDER BY path) AS paths
    FROM hub_fieldmapping GROUP BY 1, 2
) m
WHERE m.connection_id = s.connection_id AND m.object = s.object AND s.offered_paths = '{}'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0010_offered_default_rows"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
