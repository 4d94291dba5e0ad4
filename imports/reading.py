"""Reads a job's stored file chunk by chunk, each while the one before it is being written."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import IO, Final, NamedTuple, TypeVar

from django.conf import settings

from imports.formats import CsvRows, Cursor, Row
from imports.mapping import Incoming
from imports.models import ImportJob

T = TypeVar("T")
CHUNK_BYTES: Final = 8 * 1024 * 1024


class Chunk(NamedTuple):
    """Some rows with their meaning, and the cursors before and after them."""

    before: Cursor
    after: Cursor
    rows: list[Row]
    incoming: list[Incoming]


@contextmanager
def file_open(job: ImportJob) -> Iterator[IO[bytes]]:
    """The stored file as plain bytes."""
    with job.file.storage.open(str(job.file.name), "rb") as stored:
        yield stored.file or stored


def cursor_of(job: ImportJob) -> Cursor:
    return Cursor(job.cursor_offset, job.cursor_line, job.cursor_row)


def chunks_of(
    job: ImportJob, file: IO[bytes], mapped: Callable[[list[Row]], list[Incoming]]
) -> Iterator[Chunk]:
    """From the job's cursor on; the last chunk is empty. Asks the database nothing."""
    rows = CsvRows(file, encoding=job.encoding, delimiter=job.delimiter, cursor=cursor_of(job))
    iterator = iter(rows)
    chunk = [Row(0, 0, [])]
    while chunk:
        before = rows.cursor
        chunk = _taken(iterator, rows)
        yield Chunk(before, rows.cursor, chunk, mapped(chunk))


def ahead(items: Iterator[T]) -> Generator[T]:
    """The items, the next one made in a thread while the caller works on the last.

    The caller mostly waits for the database, so reading the file costs next to nothing.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        upcoming = pool.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = pool.submit(next, items, None)
            yield item


def _taken(iterator: Iterator[Row], rows: CsvRows) -> list[Row]:
    """The next rows, bounded in number and in bytes."""
    start = rows.cursor.offset
    chunk: list[Row] = []
    for row in islice(iterator, settings.IMPORT_CHUNK_ROWS):
        chunk.append(row)
        if rows.cursor.offset - start > CHUNK_BYTES:
            break
    return chunk
