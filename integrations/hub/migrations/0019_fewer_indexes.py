"""Indexes that another one serves are written no more; dropping one takes a moment."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("hub", "0018_jobs_by_command"),
    ]

    operations = [
        migrations.AlterField(
            model_name='attempt',
            name='job',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attempt_rows', to='hub.syncjob'),
        ),
        migrations.AlterField(
            model_name='syncjob',
            name='connection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='hub.connection'),
        ),
        migrations.AlterField(
            model_name='syncjob',
            name='intent',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='hub.writeintent'),
        ),
        migrations.AlterField(
            model_name='syncjob',
            name='uid',
            field=models.UUIDField(default=uuid.uuid4),
        ),
        migrations.AlterField(
            model_name='syncrecord',
            name='connection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sync_records', to='hub.connection'),
        ),
    ]
