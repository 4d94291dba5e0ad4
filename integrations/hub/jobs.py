"""The life of a job: claimed with a lease, renewed before each call, finished by its holder."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def sort_at(head_start_seconds: int) -> Combinable:
    """Where a job stands in the queue: a head start is priority that ageing overtakes."""
    return Now() - Value(timedelta(seconds=head_start_seconds))
