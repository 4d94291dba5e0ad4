"""The first six in one, for new databases: fewer steps, each of which costs time."""

from importlib import import_module

import django.db.models.deletion
import django.db.models.functions.datetime
import imports.models.exports
import imports.models.jobs
from django.conf import settings
from django.db import migrations, models


indexes = import_module("imports.migrations.0002_match_indexes")


class Migration(migrations.Migration):

    replaces = [
        ('imports', '0001_initial'),
        ('imports', '0002_match_indexes'),
        ('imports', '0003_rehearsal_generations'),
        ('imports', '0004_folded_rows'),
        ('imports', '0005_owner_of_new_records'),
        ('imports', '0006_uploaded_files_expire'),
    ]

    initial = True

    dependencies = [
        ('crm', '0006_search_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object', models.CharField(choices=[('contact', 'Contacts with their companies')], default='contact', max_length=20)),
                ('status', models.CharField(choices=[('pending', 'Columns to map'), ('validating', 'Checking'), ('ready', 'Ready'), ('importing', 'Importing'), ('paused', 'Paused'), ('completed', 'Completed'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('undone', 'Undone')], default='pending', max_length=12)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('file', models.FileField(max_length=200, upload_to=imports.models.jobs.stored_path)),
                ('file_name', models.CharField(max_length=255)),
                ('file_size', models.PositiveBigIntegerField(default=0)),
                ('file_sha256', models.CharField(blank=True, max_length=64)),
                ('encoding', models.CharField(default='utf-8', max_length=40)),
                ('delimiter', models.CharField(default=',', max_length=1)),
                ('data_offset', models.PositiveBigIntegerField(default=0)),
                ('data_line', models.PositiveBigIntegerField(default=2)),
                ('mapping', models.JSONField(blank=True, default=list)),
                ('template', models.CharField(blank=True, max_length=100)),
                ('duplicate_strategy', models.CharField(choices=[('update', "Update it with the file's values"), ('merge', 'Fill its blank fields only'), ('skip', 'Leave it as it is and skip the row'), ('create_new', 'Create a new contact anyway')], default='update', max_length=12)),
                ('error_policy', models.CharField(choices=[('continue', 'Import the good rows and list the others'), ('stop', 'Import nothing while any row has an error')], default='continue', max_length=10)),
                ('date_order', models.CharField(blank=True, choices=[('', 'Not asked'), ('dmy', 'Day first (31/01/2026)'), ('mdy', 'Month first (01/31/2026)')], default='', max_length=3)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('cursor_offset', models.PositiveBigIntegerField(default=0)),
                ('cursor_line', models.PositiveBigIntegerField(default=0)),
                ('cursor_row', models.PositiveBigIntegerField(default=0)),
                ('starts', models.PositiveSmallIntegerField(default=0, help_text='Slices begun since the last committed chunk.')),
                ('rows_total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('rows_processed', models.PositiveBigIntegerField(default=0)),
                ('created', models.PositiveBigIntegerField(default=0)),
                ('updated', models.PositiveBigIntegerField(default=0)),
                ('unchanged', models.PositiveBigIntegerField(default=0)),
                ('skipped', models.PositiveBigIntegerField(default=0)),
                ('ambiguous', models.PositiveBigIntegerField(default=0)),
                ('failed', models.PositiveBigIntegerField(default=0)),
                ('accounts_created', models.PositiveBigIntegerField(default=0)),
                ('accounts_updated', models.PositiveBigIntegerField(default=0)),
                ('plan', models.JSONField(blank=True, default=dict)),
                ('undo_state', models.CharField(blank=True, choices=[('', 'Not asked'), ('running', 'Undoing'), ('done', 'Undone'), ('failed', 'Failed')], default='', max_length=10)),
                ('undo_report', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('worked_seconds', models.FloatField(default=0)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.workspace')),
                ('folded', models.PositiveBigIntegerField(default=0, help_text='Rows about a person whom an earlier row of the file wrote.')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner of new records')),
                ('file_deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', '-created_at', '-id'], name='import_recent'), models.Index(condition=models.Q(('status__in', ('validating', 'importing')), ('undo_state', 'running'), _connector='OR'), fields=['heartbeat_at'], name='import_at_work'), models.Index(condition=models.Q(('file_deleted_at__isnull', True)), fields=['created_at'], name='import_file_kept')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'validating', 'ready', 'importing', 'paused', 'completed', 'failed', 'cancelled', 'undone'])), name='import_status_known')],
            },
        ),
        migrations.CreateModel(
            name='ImportProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phase', models.CharField(choices=[('plan', 'Check'), ('run', 'Import')], max_length=4)),
                ('kind', models.CharField(choices=[('error', 'Error'), ('ambiguous', 'Possible duplicate'), ('notice', 'Notice')], max_length=10)),
                ('row_number', models.PositiveBigIntegerField(help_text='As a spreadsheet counts; 1 is the header.')),
                ('line', models.PositiveBigIntegerField(help_text='Line of the file the row starts in.')),
                ('column', models.CharField(blank=True, max_length=200)),
                ('cause', models.CharField(max_length=40)),
                ('message', models.CharField(max_length=300)),
                ('values', models.JSONField(blank=True, default=dict)),
                ('match_id', models.BigIntegerField(blank=True, help_text='The contact this row may be about.', null=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='problems', to='imports.importjob')),
            ],
            options={
                'indexes': [models.Index(fields=['job', 'phase', 'kind', 'row_number', 'id'], name='import_problem_row'), models.Index(fields=['job', 'phase', 'cause', 'row_number'], name='import_problem_cause')],
            },
        ),
        migrations.CreateModel(
            name='RehearsedKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=12)),
                ('digest', models.BigIntegerField()),
                ('ref', models.BigIntegerField()),
                ('job', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='imports.importjob')),
                ('generation', models.PositiveIntegerField(default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['job', 'generation', 'digest', 'kind'], name='rehearsed_key_find')],
            },
        ),
        migrations.CreateModel(
            name='RehearsedRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_type', models.CharField(max_length=30)),
                ('ref', models.BigIntegerField()),
                ('values', models.JSONField(default=dict)),
                ('job', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='imports.importjob')),
                ('generation', models.PositiveIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('job', 'generation', 'record_type', 'ref'), name='rehearsed_record_unique')],
            },
        ),
        migrations.CreateModel(
            name='ExportJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object', models.CharField(max_length=20)),
                ('filter', models.JSONField(blank=True, default=dict)),
                ('fields', models.JSONField(blank=True, default=list)),
                ('format', models.CharField(choices=[('csv', 'CSV'), ('xlsx', 'Excel'), ('json', 'JSON'), ('jsonl', 'JSON lines')], default='csv', max_length=5)),
                ('status', models.CharField(choices=[('pending', 'Waiting'), ('processing', 'Writing'), ('completed', 'Completed'), ('failed', 'Failed'), ('expired', 'Expired')], default='pending', max_length=10)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('count', models.PositiveBigIntegerField(default=0)),
                ('file', models.FileField(blank=True, max_length=200, upload_to=imports.models.exports.exported_path)),
                ('file_size', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', '-created_at', '-id'], name='export_recent')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'processing', 'completed', 'failed', 'expired'])), name='export_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'completed'), _negated=True), models.Q(('file', ''), _negated=True), _connector='OR'), name='export_completed_has_file')],
            },
        ),
        *indexes.Migration.operations,
    ]
