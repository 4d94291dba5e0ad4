"""Imports and exports in the console: to look, not to write; a machine writes these rows."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from crm.console import (
    ReadOnlyAdmin,
    moment_column,
    preformatted,
    shortened_middle,
    state_column,
)
from imports.choices import ImportStatus
from imports.models import ExportJob, ImportJob, ImportProblem

TONES = {
    ImportStatus.PENDING: "info",
    ImportStatus.VALIDATING: "primary",
    ImportStatus.READY: "info",
    ImportStatus.IMPORTING: "primary",
    ImportStatus.PAUSED: "warning",
    ImportStatus.COMPLETED: "success",
    ImportStatus.FAILED: "danger",
    ImportStatus.CANCELLED: "",
    ImportStatus.UNDONE: "",
}


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    """Every import: where it is, how fast, what came of it."""

    begun = staticmethod(moment_column("created_at", "Uploaded"))
    list_display = (
        "begun", "short_name", "shown_status", "workspace", "done", "created", "updated", "failed",
    )  # fmt: skip
    shown_status = staticmethod(state_column(TONES, "status", "Status"))
    list_filter = ("status", "undo_state", "object", "duplicate_strategy", "workspace")
    search_fields = ("file_name", "file_sha256", "workspace__name", "user__email", "error")
    list_select_related = ("workspace", "user")
    date_hierarchy = "created_at"
    exclude = ("mapping", "plan", "undo_report", "file")
    readonly_fields = ("rows_per_second", "mapping_text", "plan_text", "undo_text")

    @admin.display(description="File", ordering="file_name")
    def short_name(self, job: ImportJob) -> str:
        return shortened_middle(job.file_name, 28)

    @admin.display(description="Rows done")
    def done(self, job: ImportJob) -> str:
        """The total is unknown until the file has been counted."""
        total = "?" if job.rows_total is None else job.rows_total
        return f"{job.rows_processed} of {total}"

    @admin.display(description="rows a second")
    def rows_per_second(self, job: ImportJob) -> int:
        return job.rows_per_second

    @admin.display(description="mapping")
    def mapping_text(self, job: ImportJob) -> SafeString:
        return preformatted(job.mapping)

    @admin.display(description="result of the check")
    def plan_text(self, job: ImportJob) -> SafeString:
        """Without samples: they hold people's data, which the job's own page shows."""
        plan = {name: value for name, value in job.plan.items() if name != "samples"}
        return preformatted(plan)

    @admin.display(description="result of the undo")
    def undo_text(self, job: ImportJob) -> SafeString:
        return preformatted(job.undo_report)


@admin.register(ImportProblem)
class ImportProblemAdmin(ReadOnlyAdmin):
    """Rows with errors, possible duplicates and notices."""

    list_display = ("job", "phase", "kind", "row_number", "column", "cause", "message")
    list_filter = ("phase", "kind", "cause", "job__workspace")
    search_fields = ("message", "job__file_name", "cause")
    list_select_related = ("job",)
    show_full_result_count = False


@admin.register(ExportJob)
class ExportJobAdmin(ReadOnlyAdmin):
    """Every export and when its file goes."""

    list_display = (
        "object", "format", "workspace", "status", "count", "file_size", "user", "created_at",
        "expires_at",
    )  # fmt: skip
    list_filter = ("status", "format", "object", "workspace")
    search_fields = ("object", "workspace__name", "user__email", "error")
    list_select_related = ("workspace", "user")
    date_hierarchy = "created_at"
    exclude = ("file",)
