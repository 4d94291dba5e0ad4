"""Finds where a record too large to hold ends, reading it block by block."""

from __future__ import annotations

import re
from typing import IO, Final, NamedTuple

BLOCK: Final = 64 * 1024


class RecordEnd(NamedTuple):
    """Where the next record starts, and how many lines the skipped one had."""

    offset: int
    lines: int
    is_closed: bool


def record_end(file: IO[bytes], offset: int, *, delimiter: bytes) -> RecordEnd:
    """Follow the quotes of the record at `offset`, as the csv module would.

    `is_closed` is false when a quote stays open to the end of the file.
    """
    file.seek(offset)
    marks = re.compile(b'["\n]|' + re.escape(delimiter))
    in_quotes, lines = False, 0
    opens_at = offset  # only here does a quote open a cell; elsewhere it is text
    while block := file.read(BLOCK):
        for mark in marks.finditer(block):
            found, at = mark.group(), offset + mark.start()
            lines += found == b"\n"
            if found == b'"':
                opens_at = at + 1 if in_quotes else opens_at  # a doubled quote opens again
                in_quotes = not in_quotes and at == opens_at
            elif in_quotes:
                continue
            elif found == b"\n":
                return RecordEnd(at + 1, lines, is_closed=True)
            else:
                opens_at = at + 1
        offset += len(block)
    return RecordEnd(offset, lines + 1, is_closed=not in_quotes)
