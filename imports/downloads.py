"""Files people take away: the rows with problems, ready to be mended and uploaded again, and a
sample to start from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from imports.errors import UnreadableFile
from imports.formats import CsvRows, Cursor
from imports.models import ImportJob, ImportProblem
from imports.reading import file_open

FORMULA_MARKS: Final = ("=", "+", "-", "@", "\t", "\r")
PROBLEM_HEADERS: Final = ("Row in the file", "Import problem")
SAMPLE: Final = (
    (
        "First name", "Last name", "Email", "Phone", "Job title", "Company", "Website", "City",
        "Country", "Lifecycle", "Tags",
    ),
    (
        "Ada", "Lovelace", "ada@analytical.example", "+44 20 7946 0018", "Head of Research",
        "Analytical Engines", "https://analytical.example", "London", "United Kingdom",
        "Customer", "newsletter; founder",
    ),
    (
        "Grace", "Hopper", "grace@compilers.example", "+1 212 555 0187", "Admiral",
        "Compilers Inc", "https://compilers.example", "New York", "United States", "Lead", "",
    ),
)  # fmt: skip


class _Echo:
    """A file that hands back what is written, so that csv can stream."""

    def write(self, text: str) -> str:
        return text


def sample_lines() -> Iterator[str]:
    return _lines(SAMPLE)


def problem_lines(job: ImportJob, problems: Iterable[ImportProblem]) -> Iterator[str]:
    """The header, then each row that has a problem with its cells as they were."""
    headers = [entry["header"] for entry in job.mapping]
    return _lines(_problem_rows(job, problems, headers))


def _problem_rows(
    job: ImportJob, problems: Iterable[ImportProblem], headers: list[str]
) -> Iterator[list[Any]]:
    yield [*headers, *PROBLEM_HEADERS]
    by_row = groupby(problems, key=lambda problem: problem.row_number)
    for number, cells, said in _with_cells(job, by_row):
        padded = [*cells, *[""] * (len(headers) - len(cells))][: len(headers)]
        yield [*padded, number, said]


def _with_cells(
    job: ImportJob, by_row: Iterable[tuple[int, Iterable[ImportProblem]]]
) -> Iterator[tuple[int, list[str], str]]:
    """Read along in the stored file; where it is gone, what was kept of the cells must do."""
    told = ((number, list(problems)) for number, problems in by_row)
    if not job.file.storage.exists(str(job.file.name)):
        headers = [entry["header"] for entry in job.mapping]
        for number, problems in told:
            kept = problems[0].values
            yield number, [kept.get(header, "") for header in headers], _told(problems)
        return
    with file_open(job) as file:
        start = Cursor(job.data_offset, job.data_line, 2)
        rows = iter(CsvRows(file, encoding=job.encoding, delimiter=job.delimiter, cursor=start))
        for number, problems in told:
            yield number, _cells_of(rows, number), _told(problems)


def _cells_of(rows: Iterator[Any], number: int) -> list[str]:
    try:
        row = next((row for row in rows if row.number >= number), None)
    except UnreadableFile:
        return []
    return list(row.cells) if row is not None and row.number == number else []


def _told(problems: Iterable[ImportProblem]) -> str:
    return " ".join(dict.fromkeys(map(_said, problems)))


def _said(problem: ImportProblem) -> str:
    return f"{problem.column}: {problem.message}" if problem.column else problem.message


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # Excel reads the file as UTF-8 by this.
    for row in rows:
        yield writer.writerow([cell_safe(str(cell)) for cell in row])


def cell_safe(text: str) -> str:
    """No spreadsheet takes the cell for a formula; an upload of it reads the same again."""
    return f"'{text}" if text.startswith(FORMULA_MARKS) else text
