"""The file as rows: streams a stored CSV from any cursor, in memory that does not grow.

A cell or a row that is too large, or a stray quote inside one line, costs that row only. A quote
that breaks the lines themselves makes every later row a guess, so it refuses the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

from imports.errors import UnreadableFile
from imports.oversize import record_end

MAX_CELL: Final = 1024 * 1024
MAX_LINE: Final = 4 * MAX_CELL
MAX_COLUMNS: Final = 500

# The module's limit is one for the whole process; nothing else here reads CSV.
csv.field_size_limit(MAX_CELL)


class Cursor(NamedTuple):
    """Where a row starts: byte, line, and the number a spreadsheet would give the row."""

    offset: int
    line: int
    row: int


class Row(NamedTuple):
    """One record of the file; `problem` is `(cause, message)` when its cells can't be used."""

    number: int
    line: int
    cells: list[str]
    problem: tuple[str, str] | None = None


class CsvRows:
    """Iterates the rows from `cursor` on; `cursor` afterwards says where the next one starts."""

    def __init__(self, file: IO[bytes], *, encoding: str, delimiter: str, cursor: Cursor) -> None:
        self._file = file
        self._encoding = encoding
        self._delimiter = delimiter
        self._start = cursor
        self._offset = cursor.offset
        self._line = cursor.line
        self._number = cursor.row
        self._has_nul = False
        file.seek(cursor.offset)

    @property
    def cursor(self) -> Cursor:
        return Cursor(self._offset, self._line, self._number)

    def __iter__(self) -> Iterator[Row]:
        reader = self._reader()
        while True:
            self._start = self.cursor
            self._has_nul = False
            row: Row | None
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _TooLarge:
                reader, row = self._reader(), self._skipped()
            except csv.Error as error:
                reader, row = self._reader(), self._refused(error)
            else:
                row = self._row(cells)
            self._number += 1
            if row is not None:
                yield row

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), delimiter=self._delimiter, strict=True)

    def _lines(self) -> Iterator[str]:
        readline, encoding = self._file.readline, self._encoding
        while raw := readline(MAX_LINE):
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                raise _TooLarge
            self._offset += len(raw)
            self._line += 1
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError as error:
                raise self._undecodable(error) from error
            if "\x00" in text:
                self._has_nul = True
                text = text.replace("\x00", "")
            yield text

    def _row(self, cells: list[str]) -> Row | None:
        """None for a blank row: spreadsheets leave many at the end."""
        problem = None
        if self._has_nul:
            problem = ("nul", "The row holds zero bytes, which no text has. Type it again.")
        elif not any(map(str.strip, cells)):
            return None
        return Row(self._start.row, self._start.line, cells, problem)

    def _skipped(self) -> Row:
        """Go on after a record that is too large to hold."""
        start = self._start
        end = record_end(self._file, start.offset, delimiter=self._delimiter.encode())
        if not end.is_closed:
            raise _unclosed(start.line)
        self._offset = end.offset
        self._line = start.line + end.lines
        self._file.seek(end.offset)
        words = "A cell or the row is larger than 1 MB. Shorten it and import the row again."
        return Row(start.row, start.line, [], ("cell_too_large", words))

    def _refused(self, error: csv.Error) -> Row:
        """The row the csv module could not read."""
        words = str(error)
        if "field larger than" in words:
            return self._skipped()
        if "unexpected end of data" in words:
            raise _unclosed(self._start.line) from error
        if self._line > self._start.line + 1:
            raise UnreadableFile(
                "quotes",
                f"Line {self._start.line}: a quote is opened there and other text follows the "
                f"next quote, in line {self._line - 1}. From there on rows can't be told apart, "
                "so nothing was imported. Correct the quotes and upload the file again.",
            ) from error
        said = "Text follows a closing quote. Double each quote that belongs to the text."
        return Row(self._start.row, self._start.line, [], ("quotes", said))

    def _undecodable(self, error: UnicodeDecodeError) -> UnreadableFile:
        return UnreadableFile(
            "encoding",
            f"Line {self._line - 1} holds a character that is not {self._encoding}. Nothing was "
            "imported. Choose another encoding for the file, or save it as “CSV UTF-8” and "
            "upload it again.",
        )


class _TooLarge(Exception):
    """A line is longer than any row may be."""


def _unclosed(line: int) -> UnreadableFile:
    return UnreadableFile(
        "quotes",
        f"Line {line}: a quote is opened and never closed, so the rows after it can't be told "
        "apart. Nothing was imported. Correct the quotes and upload the file again.",
    )
