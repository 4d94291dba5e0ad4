"""What was wrong with single rows of a file."""

from __future__ import annotations

from django.db import models

from imports.choices import Phase, ProblemKind
from imports.models.jobs import ImportJob


class ImportProblem(models.Model):
    """One thing about one row that the person should know; `values` are short, redacted samples."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="problems")
    phase = models.CharField(max_length=4, choices=Phase)
    kind = models.CharField(max_length=10, choices=ProblemKind)
    row_number = models.PositiveBigIntegerField(
        help_text="As a spreadsheet counts; 1 is the header."
    )
    line = models.PositiveBigIntegerField(help_text="Line of the file the row starts in.")
    column = models.CharField(max_length=200, blank=True)
    cause = models.CharField(max_length=40)
    message = models.CharField(max_length=300)
    values = models.JSONField(default=dict, blank=True)
    match_id = models.BigIntegerField(
        null=True, blank=True, help_text="The contact this row may be about."
    )

    class Meta:
        indexes = (
            models.Index(
                fields=("job", "phase", "kind", "row_number", "id"), name="import_problem_row"
            ),
            models.Index(
                fields=("job", "phase", "cause", "row_number"), name="import_problem_cause"
            ),
        )

    def __str__(self) -> str:
        return f"Row {self.row_number}: {self.message}"
