"""The rows the engine needs: the one-minute schedule of the queue, and the wake-up flag."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django_q.models import Schedule

from integrations.hub import wake

TICK_NAME = "hub.tick"
TICK_TASK = "integrations.hub.tasks.tick"


@receiver(post_migrate, dispatch_uid="hub.schedules")
def schedule_after_migrate(sender: AppConfig, **kwargs: Any) -> None:
    if sender.label == "hub":
        rows_ensure()


def rows_ensure() -> None:
    """Make or mend both rows; any number of times."""
    wake.ensure()
    values = {"func": TICK_TASK, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
    schedule, is_new = Schedule.objects.get_or_create(name=TICK_NAME, defaults=values)
    if not is_new and any(getattr(schedule, name) != value for name, value in values.items()):
        Schedule.objects.filter(pk=schedule.pk).update(**values)
