"""Stores what was wrong with rows: bounded, redacted, and counted by cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from crm.services.copying import rows_copy
from imports.choices import Phase
from imports.mapping import Problem
from imports.models import ImportJob, ImportProblem

SENSITIVE: Final = re.compile(
    r"passw|secret|token|api.?key|card|iban|cvv|cvc|ssn|social.?security|tax.?id|passport", re.I
)
REDACTED: Final = "•••"
SAMPLE_CELLS: Final = 8
SAMPLE_LENGTH: Final = 80
EXAMPLE_ROWS: Final = 5
COLUMNS: Final = (
    "job_id", "phase", "kind", "row_number", "line", "column", "cause", "message", "values",
    "match_id",
)  # fmt: skip


def problems_store(job: ImportJob, phase: Phase, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    headers = [(entry["index"], entry["header"]) for entry in job.mapping if entry["field"]]
    rows_copy(
        ImportProblem,
        COLUMNS,
        (
            (
                job.pk, phase.value, problem.kind.value, problem.row, problem.line,
                problem.column[:200], problem.cause, problem.message[:300],
                json.dumps(_sample(problem.cells, headers)), problem.match or None,
            )
            for problem in problems
        ),
    )  # fmt: skip


def causes_add(causes: dict[str, dict[str, Any]], problems: Iterable[Problem]) -> None:
    """Count the problems into `{cause: {kind, count, column, message, rows}}`."""
    for problem in problems:
        cause = causes.setdefault(
            f"{problem.cause}:{problem.column}",
            {
                "kind": problem.kind.value,
                "cause": problem.cause,
                "column": problem.column,
                "message": problem.message,
                "count": 0,
                "rows": [],
            },
        )
        cause["count"] += 1
        if len(cause["rows"]) < EXAMPLE_ROWS:
            cause["rows"].append(problem.row)


def _sample(cells: Sequence[str], headers: Sequence[tuple[int, str]]) -> dict[str, str]:
    """The first mapped cells, cut short; what a header calls secret is not kept."""
    return {
        header: REDACTED if SENSITIVE.search(header) else cells[index][:SAMPLE_LENGTH]
        for index, header in headers[:SAMPLE_CELLS]
        if index < len(cells)
    }
