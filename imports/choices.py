"""Closed lists of values of imports and exports; the stored word is the API's word."""

from __future__ import annotations

from django.db.models import TextChoices


class ImportStatus(TextChoices):
    PENDING = "pending", "Columns to map"
    VALIDATING = "validating", "Checking"
    READY = "ready", "Ready"
    IMPORTING = "importing", "Importing"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNDONE = "undone", "Undone"


class UndoState(TextChoices):
    """How far the undo of an import is; the import's own status turns `undone` at the end."""

    NONE = "", "Not asked"
    RUNNING = "running", "Undoing"
    DONE = "done", "Undone"
    FAILED = "failed", "Failed"


class ImportObject(TextChoices):
    CONTACT = "contact", "Contacts with their companies"


class DuplicateStrategy(TextChoices):
    UPDATE = "update", "Update it with the file's values"
    MERGE = "merge", "Fill its blank fields only"
    SKIP = "skip", "Leave it as it is and skip the row"
    CREATE_NEW = "create_new", "Create a new contact anyway"


class ErrorPolicy(TextChoices):
    CONTINUE = "continue", "Import the good rows and list the others"
    STOP = "stop", "Import nothing while any row has an error"


class DateOrder(TextChoices):
    UNKNOWN = "", "Not asked"
    DAY_FIRST = "dmy", "Day first (31/01/2026)"
    MONTH_FIRST = "mdy", "Month first (01/31/2026)"


class Phase(TextChoices):
    PLAN = "plan", "Check"
    RUN = "run", "Import"


class ProblemKind(TextChoices):
    ERROR = "error", "Error"
    AMBIGUOUS = "ambiguous", "Possible duplicate"
    NOTICE = "notice", "Notice"


class ExportStatus(TextChoices):
    PENDING = "pending", "Waiting"
    PROCESSING = "processing", "Writing"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class ExportFormat(TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    JSON = "json", "JSON"
    JSONL = "jsonl", "JSON lines"
