"""Indexes for search and deep pages, built while people go on working with a full database."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

import crm.models.search
from crm.building import BuildIndex


class Migration(migrations.Migration):

    # Every step is done by itself and may be done again; a new index is there before an old one
    # goes, so that lists stay quick meanwhile.
    atomic = False

    dependencies = [
        ('crm', '0005_search_words'),
    ]

    operations = [
        BuildIndex(
            model_name='account',
            index=models.Index(fields=['workspace', '-updated_at', '-id'], include=('archived_at',), name='account_latest'),
        ),
        BuildIndex(
            model_name='account',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('phone'), name='text_pattern_ops'), name='account_phone_end'),
        ),
        BuildIndex(
            model_name='contact',
            index=models.Index(fields=['workspace', '-updated_at', '-id'], include=('archived_at',), name='contact_latest'),
        ),
        BuildIndex(
            model_name='contact',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('phone'), name='text_pattern_ops'), name='contact_phone_end'),
        ),
        BuildIndex(
            model_name='contact',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('mobile'), name='text_pattern_ops'), name='contact_mobile_end'),
        ),
        BuildIndex(
            model_name='deal',
            index=models.Index(fields=['workspace', '-updated_at', '-id'], include=('archived_at',), name='deal_latest'),
        ),
        BuildIndex(
            model_name='lead',
            index=models.Index(fields=['workspace', '-updated_at', '-id'], include=('archived_at',), name='lead_latest'),
        ),
        BuildIndex(
            model_name='lead',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('phone'), name='text_pattern_ops'), name='lead_phone_end'),
        ),
        BuildIndex(
            model_name='product',
            index=django.contrib.postgres.indexes.GinIndex(crm.models.search.SearchWords('name'), name='product_words'),
        ),
        BuildIndex(
            model_name='task',
            index=django.contrib.postgres.indexes.GinIndex(crm.models.search.SearchWords('title'), name='task_words'),
        ),
        RemoveIndexConcurrently(
            model_name='account',
            name='account_updated',
        ),
        RemoveIndexConcurrently(
            model_name='contact',
            name='contact_updated',
        ),
        RemoveIndexConcurrently(
            model_name='deal',
            name='deal_updated',
        ),
        RemoveIndexConcurrently(
            model_name='lead',
            name='lead_updated',
        ),
    ]
