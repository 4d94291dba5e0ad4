"""What is mapped now, or was until somebody removed it, has been offered before.

It is not offered again. A person's removals are in the ledger, which knows them by the row.
"""

from django.db import migrations

FILL = """
UPDATE hub_syncstate s SET offered_paths = m.paths FROM (
    SELECT connection_id, object, array_agg(DISTINCT path ORDER BY path) AS paths
    FROM hub_fieldmapping GROUP BY 1, 2
) m
WHERE m.connection_id = s.connection_id AND m.object = s.object AND s.offered_paths = '{}'
"""

# A row that was given another field of ours is gone from the one it had. Whose rows they were is
# said by the rows themselves or, once they are gone, by the entry of their removal. The ledger is
# looked up workspace by workspace, since its index begins with that.
REMOVED = """
WITH told AS (
    SELECT h.record_id, h.diff
    FROM (SELECT DISTINCT workspace_id FROM hub_connection) w
    JOIN crm_change h ON h.workspace_id = w.workspace_id AND h.record_type = 'fieldmapping'
),
placed AS (
    SELECT id AS record_id, connection_id, object FROM hub_fieldmapping
    UNION
    SELECT record_id, (diff -> 'connection' ->> 0)::bigint, diff -> 'object' ->> 0 FROM told
    WHERE diff -> 'connection' ->> 0 IS NOT NULL AND diff -> 'object' ->> 0 IS NOT NULL
),
removed AS (
    SELECT p.connection_id, p.object, array_agg((t.diff -> 'path' ->> 0)::varchar) AS paths
    FROM told t JOIN placed p ON p.record_id = t.record_id
    WHERE t.diff -> 'path' ->> 0 IS NOT NULL GROUP BY 1, 2
)
UPDATE hub_syncstate s
SET offered_paths = ARRAY(SELECT DISTINCT unnest(s.offered_paths || r.paths) ORDER BY 1)
FROM removed r WHERE s.connection_id = r.connection_id AND s.object = r.object
"""


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0010_offered_default_rows"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(REMOVED, migrations.RunSQL.noop),
    ]
