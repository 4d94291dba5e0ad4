"""What was left undecided when its link ended has a state of its own."""

from django.db import migrations, models

TELL_APART = """
UPDATE hub_syncconflict c SET state = 'left'
FROM hub_syncrecord r
WHERE r.id = c.link_id AND r.state = 'tombstone' AND c.state = 'resolved' AND c.winner = ''
    AND c.resolved_at >= r.state_at
"""


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0016_let_through"),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncconflict",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Waits for a person"),
                    ("decided", "Decided, not applied yet"),
                    ("resolved", "Resolved"),
                    ("settled", "Settled by the rule"),
                    ("left", "Left undecided"),
                ],
                default="open",
                max_length=8,
            ),
        ),
        migrations.RunSQL(TELL_APART, migrations.RunSQL.noop),
    ]
