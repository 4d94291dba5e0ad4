"""A file ten times as long needs no more memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imports.headers import columns_guess
from imports.mapping import RowMapper
from imports.models import ImportJob
from imports.reading import ahead, chunks_of
from imports.transforms import Surroundings
from tests.imports.conftest import HEADER, people


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("long") / "people.csv"
    path.write_text("\n".join([HEADER, *people(30_000), ""]), encoding="utf-8")
    yield path
    path.unlink()


def test_thirty_thousand_rows_are_read_and_mapped_in_flat_memory(
    long_file: Path, settings: Any
) -> None:
    settings.IMPORT_CHUNK_ROWS = 1000
    columns = columns_guess(HEADER.split(","), [], "contact")
    mapping = [{"index": c.index, "header": c.header, "field": c.field} for c in columns]
    mapper = RowMapper(mapping, import_object="contact", around=Surroundings("AU", "UTC"))
    peaks: list[int] = []

    job = ImportJob(encoding="utf-8", delimiter=",", cursor_line=1, cursor_row=1)
    with long_file.open("rb") as file:
        tracemalloc.start()
        chunks = ahead(chunks_of(job, file, lambda rows: [mapper.map(row) for row in rows]))
        peaks.extend(tracemalloc.get_traced_memory()[0] for _ in chunks)
        tracemalloc.stop()

    assert len(peaks) == 32
    # The caches of recurring texts fill up once; nothing else stays.
    assert peaks[-1] - peaks[20] < 2_000_000
