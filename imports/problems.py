"""Stores what was wrong with rows: bounded, redacted, and counted by cause."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from crm.services.copying import rows_copy
from imports.choices import Phase, ProblemKind
from imports.mapping import Problem
from imports.models import ImportJob, ImportProblem

SENSITIVE: Final = re.compile(
    r"passw|secret|token|api.?key|card|iban|cvv|cvc|ssn|social.?security|tax.?id|passport", re.I
)
REDACTED: Final = "•••"
SAMPLE_CELLS: Final = 8
SAMPLE_LENGTH: Final = 80
EXAMPLE_ROWS: Final = 5
LEFT_OUT: Final = "The value was left out."
# Where the message of a row names what only that row holds, what all rows of the cause share.
SHARED: Final = {
    "repeated": "Repeated in the file: folded into the first row about the same person.",
    "repeated_skipped": "The same person as an earlier row of the file; skipped as you chose.",
    "possible_duplicate": "Possibly a person who is known already or in an earlier row.",
    "several_matches": "Several contacts fit the row.",
    "too_many_cells": "The row has more cells than the file has columns.",
}
SHARED_VALUES: Final = {
    "too_long": "The text is longer than its field allows.",
    "unknown_word": "The word is none that this field knows.",
    "unknown_owner": "No member of this workspace is called so.",
    "ambiguous_date": "The date may be day first or month first. Choose the order of dates.",
    "invalid_date": "This is not a date.",
}
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
                "message": _shared(problem),
                "count": 0,
                "rows": [],
            },
        )
        cause["count"] += 1
        if len(cause["rows"]) < EXAMPLE_ROWS:
            cause["rows"].append(problem.row)


def _shared(problem: Problem) -> str:
    """What is wrong, in words that are true of every row with this cause."""
    if problem.cause in SHARED_VALUES:
        said = SHARED_VALUES[problem.cause]
        return f"{said} {LEFT_OUT}" if problem.kind is ProblemKind.NOTICE else said
    return SHARED.get(problem.cause, problem.message)


def _sample(cells: Sequence[str], headers: Sequence[tuple[int, str]]) -> dict[str, str]:
    """The first mapped cells, cut short; what a header calls secret is not kept."""
    return {
        header: REDACTED if SENSITIVE.search(header) else cells[index][:SAMPLE_LENGTH]
        for index, header in headers[:SAMPLE_CELLS]
        if index < len(cells)
    }
