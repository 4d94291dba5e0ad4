"""A file ten times as long needs no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imports.chunks import chunk_take
from imports.formats import CsvRows, Cursor
from imports.headers import columns_guess
from imports.mapping import RowMapper
from imports.transforms import Surroundings
from tests.imports.conftest import HEADER, people


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("long") / "people.csv"
    path.write_text("\n".join([HEADER, *people(50_000), ""]), encoding="utf-8")
    yield path
    path.unlink()


def test_fifty_thousand_rows_are_read_and_mapped_in_flat_memory(
    long_file: Path, settings: Any
) -> None:
    settings.IMPORT_CHUNK_ROWS = 1000
    columns = columns_guess(HEADER.split(","), [], "contact")
    mapping = [{"index": c.index, "header": c.header, "field": c.field} for c in columns]
    mapper = RowMapper(mapping, import_object="contact", around=Surroundings("AU", "UTC"))
    peaks: list[int] = []

    with long_file.open("rb") as file:
        rows = CsvRows(file, encoding="utf-8", delimiter=",", cursor=Cursor(0, 1, 1))
        iterator = iter(rows)
        tracemalloc.start()
        while chunk := chunk_take(iterator, rows):
            mapped = [mapper.map(row) for row in chunk]
            del mapped
            peaks.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()

    assert len(peaks) == 51
    # The caches of recurring texts fill up once; nothing else stays.
    assert peaks[-1] - peaks[25] < 3_000_000
