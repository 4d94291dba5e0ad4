"""Puts back the index that holds a workspace to one default pipeline.

0004 had dropped it: Django takes it for the index of the foreign key, which goes there.
"""

from django.db import migrations

# Where several were made meanwhile, the oldest stays the default.
ONE_LEFT = """
UPDATE crm_pipeline SET is_default = false WHERE is_default AND EXISTS (
    SELECT FROM crm_pipeline AS older WHERE older.workspace_id = crm_pipeline.workspace_id
    AND older.is_default AND older.id < crm_pipeline.id
)
"""
INDEX = """
CREATE UNIQUE INDEX IF NOT EXISTS pipeline_one_default ON crm_pipeline (workspace_id)
WHERE is_default
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_search_indexes")]

    operations = [
        migrations.RunSQL(ONE_LEFT, migrations.RunSQL.noop),
        migrations.RunSQL(INDEX, migrations.RunSQL.noop),
    ]
