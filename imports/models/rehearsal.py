"""What a dry run would have written so far: it looks here where the real run looks at the CRM.

Rows belong to one generation of a job; those of a past one are dead, and the tick removes them.
"""

from __future__ import annotations

from django.db import models

from imports.models.jobs import ImportJob


class RehearsedRecord(models.Model):
    """A record as it would stand now: `ref` is its id, or minus a number for a new one."""

    # Checked nowhere: a row without its job is dead like any other, and these are many.
    job = models.ForeignKey(
        ImportJob, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    generation = models.PositiveIntegerField(default=0)
    record_type = models.CharField(max_length=30)
    ref = models.BigIntegerField()
    values = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("job", "generation", "record_type", "ref"), name="rehearsed_record_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.record_type} {self.ref}"


class RehearsedKey(models.Model):
    """A mark (`kind`: e-mail, name …) under which a rehearsed record is found again."""

    # Checked nowhere: a row without its job is dead like any other, and these are many.
    job = models.ForeignKey(
        ImportJob, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    generation = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=12)
    digest = models.BigIntegerField()
    ref = models.BigIntegerField()

    class Meta:
        indexes = (
            models.Index(fields=("job", "generation", "digest", "kind"), name="rehearsed_key_find"),
        )

    def __str__(self) -> str:
        return f"{self.kind} → {self.ref}"
