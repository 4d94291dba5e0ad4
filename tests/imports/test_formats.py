"""The streaming reader: what it reads, what costs a row, what costs the file."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.errors import UnreadableFile
from imports.formats import CsvRows, Cursor, Row
from imports.oversize import record_end

START = Cursor(0, 1, 1)


def reader(content: bytes | str, cursor: Cursor = START, encoding: str = "utf-8") -> CsvRows:
    data = content.encode() if isinstance(content, str) else content
    return CsvRows(io.BytesIO(data), encoding=encoding, delimiter=",", cursor=cursor)


def test_quoted_cells_keep_delimiters_newlines_and_quotes() -> None:
    rows = list(reader('a,"x, y","two\nlines","say ""hi"""\nb,1,2,3\n'))

    assert rows[0].cells == ["a", "x, y", "two\nlines", 'say "hi"']
    assert rows[1] == Row(2, 3, ["b", "1", "2", "3"])


def test_blank_rows_are_passed_over_and_still_counted() -> None:
    rows = list(reader("a,b\n\n , \nc,d\n\n\n,,,\n"))

    assert [(row.number, row.cells) for row in rows] == [(1, ["a", "b"]), (4, ["c", "d"])]


def test_a_cursor_goes_on_exactly_where_it_was() -> None:
    content = 'a,"1\n2"\nb,3\n"c","4\n\n5"\nd,6\n'
    whole = list(reader(content))
    rows = reader(content)
    iterator = iter(rows)
    next(iterator)
    next(iterator)

    rest = list(reader(content, rows.cursor))

    assert rest == whole[2:]


def test_a_ten_megabyte_cell_costs_its_row_and_little_memory() -> None:
    content = b'a,"' + b"x" * 10_000_000 + b'"\nb,2\n'
    tracemalloc.start()
    first, second = list(reader(content))
    peak = tracemalloc.get_traced_memory()[1] - len(content)
    tracemalloc.stop()

    assert first.problem is not None
    assert first.problem[0] == "cell_too_large"
    assert second == Row(2, 2, ["b", "2"])
    assert peak < 12_000_000


def test_a_large_cell_of_many_lines_costs_its_row_only() -> None:
    content = 'a,"' + 'line, with ""quotes""\n' * 100_000 + '"\nb,2\n'

    first, second = list(reader(content))

    assert first.problem is not None
    assert second == Row(2, 100_002, ["b", "2"])


def test_text_after_a_closing_quote_costs_its_row_and_says_why() -> None:
    rows = list(reader('a,"5" pipe"\nb,2\n'))

    assert rows[0].problem == (
        "quotes",
        "Text follows a closing quote. Double each quote that belongs to the text.",
    )
    assert rows[1].cells == ["b", "2"]


def test_a_quote_that_is_never_closed_refuses_the_file_with_its_line() -> None:
    with pytest.raises(UnreadableFile, match=r"Line 2: a quote is opened and never closed"):
        list(reader('a,1\nb,"2\nc,3\nd,4\n'))


def test_a_quote_that_swallows_lines_refuses_the_file_with_its_line() -> None:
    with pytest.raises(UnreadableFile, match=r"Line 2: a quote is opened there"):
        list(reader('a,1\nb,"2\nc,"3"\nd,4\n'))


def test_bytes_of_another_encoding_refuse_the_file_with_their_line() -> None:
    with pytest.raises(UnreadableFile, match=r"Line 2 holds a character that is not utf-8"):
        list(reader(b"a,1\n" + "b,é\n".encode("cp1252")))


def test_zero_bytes_cost_their_row() -> None:
    rows = list(reader(b"a,1\nb,\x002\nc,3\n"))

    assert [row.problem is None for row in rows] == [True, False, True]


@given(st.lists(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\r\x00")))))
def test_record_end_agrees_with_the_csv_module(table: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(table)
    content = file.getvalue().encode()
    offset, records = 0, 0

    while offset < len(content):
        end = record_end(io.BytesIO(content), offset, delimiter=b",")
        assert end.is_closed
        records += 1
        offset = end.offset

    assert records == len(table)
