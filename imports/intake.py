"""Takes an uploaded file in: bounded, recognised, measured, and checked to have a header and rows.

What no reader should have to care about later (UTF-16, old Mac line ends) is rewritten here.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Final

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from imports.dialect import delimiter_sniff
from imports.encoding import (
    BOMS,
    SAMPLE_BYTES,
    bom_encoding,
    legacy_encoding,
    refuse_binary,
    utf16_without_mark,
)
from imports.errors import UnreadableFile
from imports.formats import CsvRows, Cursor
from imports.headers import headers_check

BLOCK: Final = 256 * 1024
SPOOL_BYTES: Final = 8 * 1024 * 1024
SEPARATOR_LINE: Final = "sep="


@dataclass(frozen=True)
class Intake:
    """What is known of a file before anybody maps it; `file` is what will be stored."""

    file: IO[bytes]
    size: int
    sha256: str
    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    data: Cursor


def file_take_in(upload: IO[bytes], *, import_object: str) -> Intake:
    """Check and measure an upload; raises UnreadableFile, and nothing is kept then."""
    size, digest, bad_at, has_newline = _measure(upload)
    upload.seek(0)
    head = upload.read(SAMPLE_BYTES)
    encoding = bom_encoding(head) or utf16_without_mark(head)
    if not encoding.startswith("utf-16"):
        refuse_binary(head)
    if not encoding:
        encoding = "utf-8" if bad_at is None else legacy_encoding(_around(upload, bad_at))
    elif encoding == "utf-8" and bad_at is not None:
        raise UnreadableFile(
            "encoding",
            "The file says it is UTF-8 and is not. Nothing was imported. Save it as "
            "“CSV UTF-8” and upload it again.",
        )
    file = upload
    if encoding.startswith("utf-16") or not has_newline:
        file, encoding = _rewritten(upload, encoding), "utf-8"
    return look(file, size=size, sha256=digest, encoding=encoding, import_object=import_object)


def look(
    file: IO[bytes],
    *,
    size: int,
    sha256: str,
    encoding: str,
    import_object: str,
    delimiter: str = "",
) -> Intake:
    """Find the delimiter (unless given), the header and where the rows start."""
    start = _start(file, encoding)
    file.seek(start.offset)
    sample = file.read(SAMPLE_BYTES).decode(encoding, "replace").splitlines(keepends=True)
    first = sample[0].strip().lower() if sample else ""
    if first.startswith(SEPARATOR_LINE) and len(first) == len(SEPARATOR_LINE) + 1:
        delimiter = delimiter or first[-1]
        start = _after_line(file, start)
        sample = sample[1:]
    delimiter = delimiter or delimiter_sniff(sample)
    rows = CsvRows(file, encoding=encoding, delimiter=delimiter, cursor=start)
    header = next(iter(rows), None)
    if header is None:
        raise UnreadableFile("empty", "The file is empty. Nothing was imported.")
    if header.problem is not None:
        raise UnreadableFile("header", f"The row of column names: {header.problem[1]}")
    names = headers_check(header.cells, import_object)
    data = rows.cursor
    if next(iter(rows), None) is None:
        raise UnreadableFile(
            "no_rows",
            "The file has column names and no rows. Nothing was imported. Add rows below the "
            "names and upload it again.",
        )
    return Intake(
        file=file,
        size=size,
        sha256=sha256,
        encoding=encoding,
        delimiter=delimiter,
        headers=tuple(names),
        data=data,
    )


def sample_rows(
    file: IO[bytes], intake_cursor: Cursor, *, encoding: str, delimiter: str, count: int
) -> list[list[str]]:
    """The cells of the first rows, without those that can't be read."""
    rows = CsvRows(file, encoding=encoding, delimiter=delimiter, cursor=intake_cursor)
    try:
        return [row.cells for row in islice(rows, count) if row.problem is None]
    except UnreadableFile:
        return []


def _measure(upload: IO[bytes]) -> tuple[int, str, int | None, bool]:
    """Size, digest, where it stops being UTF-8 (None: nowhere), whether it has line feeds."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, bad_at, has_newline = 0, None, False
    for block in _blocks(upload):
        digest.update(block)
        has_newline = has_newline or b"\n" in block
        if bad_at is None:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                bad_at = size + min(error.start, len(block))
        size += len(block)
        if size > settings.IMPORT_MAX_BYTES:
            raise UnreadableFile(
                "too_large",
                f"The file is larger than {filesizeformat(settings.IMPORT_MAX_BYTES)}. Nothing "
                "was imported. Split it and upload the parts.",
            )
    if size == 0:
        raise UnreadableFile("empty", "The file is empty. Nothing was imported.")
    return size, digest.hexdigest(), bad_at, has_newline


def _blocks(upload: IO[bytes]) -> Iterator[bytes]:
    upload.seek(0)
    while block := upload.read(BLOCK):
        yield block


def _around(upload: IO[bytes], position: int) -> bytes:
    """A sample with the bytes in question in it."""
    upload.seek(max(0, position - 4096))
    return upload.read(SAMPLE_BYTES // 4)


def _rewritten(upload: IO[bytes], encoding: str) -> IO[bytes]:
    """The same text as UTF-8 with line feeds."""
    upload.seek(0)
    text_file = io.TextIOWrapper(
        io.BufferedReader(_Unclosed(upload)), encoding=encoding or "utf-8", newline=None
    )
    copy = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115  (the caller's)
    try:
        while text := text_file.read(BLOCK):
            copy.write(text.removeprefix("\ufeff").encode())
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            "encoding",
            "The characters of this file can't be read. Nothing was imported. Save it as "
            "“CSV UTF-8” and upload it again.",
        ) from error
    copy.seek(0)
    return copy


class _Unclosed(io.RawIOBase):
    """Lets a text wrapper read a file without closing it at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


def _start(file: IO[bytes], encoding: str) -> Cursor:
    file.seek(0)
    head = file.read(4)
    marks = [mark for mark, name in BOMS if name == encoding and head.startswith(mark)]
    return Cursor(len(marks[0]) if marks else 0, 1, 1)


def _after_line(file: IO[bytes], start: Cursor) -> Cursor:
    file.seek(start.offset)
    return Cursor(start.offset + len(file.readline(1024)), start.line + 1, start.row)
