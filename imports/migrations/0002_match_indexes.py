"""Lets the match ladder look contacts up by marks that most rows do not have."""

from django.db import migrations

LINKEDIN = """
CREATE INDEX contact_linkedin ON crm_contact (workspace_id, lower(linkedin_url))
WHERE linkedin_url <> ''
"""
MOBILE = "CREATE INDEX contact_mobile ON crm_contact (workspace_id, mobile) WHERE mobile <> ''"

OTHER_EMAILS = """
CREATE INDEX contact_with_other_emails ON crm_contact (workspace_id) WHERE other_emails <> '{}'
"""


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial"), ("crm", "0001_initial")]

    operations = [
        migrations.RunSQL(LINKEDIN, "DROP INDEX contact_linkedin"),
        migrations.RunSQL(MOBILE, "DROP INDEX contact_mobile"),
        migrations.RunSQL(OTHER_EMAILS, "DROP INDEX contact_with_other_emails"),
    ]
