"""What a connection did in each hour, kept long after the rows that it was counted from."""

from __future__ import annotations

from django.db import models

from integrations.hub.models.connection import Connection


class HourlyFigures(models.Model):
    """One connection's hour; an hour in which nothing happened has no row."""

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="hourly_figures", db_index=False
    )
    hour = models.DateTimeField(help_text="When it began, a full hour of UTC.")
    runs_succeeded = models.PositiveBigIntegerField(default=0)
    runs_partial = models.PositiveBigIntegerField(default=0)
    runs_failed = models.PositiveBigIntegerField(default=0)
    records_synced = models.PositiveBigIntegerField(default=0)
    records_failed = models.PositiveBigIntegerField(default=0)
    pulls = models.PositiveBigIntegerField(default=0)
    pull_ms = models.PositiveBigIntegerField(default=0, help_text="All pulls together.")
    tries_done = models.PositiveBigIntegerField(default=0)
    tries_again = models.PositiveBigIntegerField(default=0)
    tries_dead = models.PositiveBigIntegerField(default=0)
    dead_jobs = models.PositiveBigIntegerField(default=0)
    dead_events = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("connection", "hour"), name="figures_of_one_hour"),
        )
        verbose_name_plural = "hourly figures"

    def __str__(self) -> str:
        return f"{self.connection_id} at {self.hour:%Y-%m-%d %H:%M}"
