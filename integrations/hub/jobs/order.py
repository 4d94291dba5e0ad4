"""Where a job stands in the queue."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def sort_at(head_start_seconds: int) -> Combinable:
    """A head start is priority that ageing overtakes, so nothing starves."""
    return Now() - Value(timedelta(seconds=head_start_seconds))
