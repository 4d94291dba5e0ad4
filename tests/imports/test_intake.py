"""Taking files in: encodings, delimiters, headers, and refusals with a reason."""

from __future__ import annotations

import io
from typing import Any

import pytest

from imports.choices import ImportObject
from imports.errors import UnreadableFile
from imports.formats import CsvRows
from imports.intake import Intake, file_take_in
from tests.imports.conftest import csv_bytes


def take_in(content: bytes) -> Intake:
    return file_take_in(io.BytesIO(content), import_object=ImportObject.CONTACT)


def cells(taken: Intake) -> list[list[str]]:
    rows = CsvRows(
        taken.file, encoding=taken.encoding, delimiter=taken.delimiter, cursor=taken.data
    )
    return [row.cells for row in rows]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("First name,Email\nJosé,j@x.com\n".encode(), "utf-8"),
        ("First name,Email\nJosé,j@x.com\n".encode("utf-8-sig"), "utf-8"),
        ("First name,Email\nJosé,j@x.com\n".encode("cp1252"), "cp1252"),
        ("\ufeffFirst name,Email\r\nJosé,j@x.com\r\n".encode("utf-16-le"), "utf-8"),
        ("\ufeffFirst name,Email\r\nJosé,j@x.com\r\n".encode("utf-16-be"), "utf-8"),
        ("First name,Email\r\nJosé,j@x.com\r\n".encode("utf-16-le"), "utf-8"),
        ("First name,Email\rJosé,j@x.com\r".encode(), "utf-8"),
    ],
    ids=["utf8", "bom", "cp1252", "utf16le", "utf16be", "utf16-without-mark", "old-mac"],
)
def test_encodings_give_the_same_rows(content: bytes, encoding: str) -> None:
    taken = take_in(content)

    assert taken.encoding == encoding
    assert taken.headers == ("First name", "Email")
    assert [[cell.strip() for cell in row] for row in cells(taken)] == [["José", "j@x.com"]]


def test_an_accent_late_in_a_long_file_is_seen() -> None:
    rows = [f"Plain{n},P,p{n}@x.com,,," for n in range(20_000)]

    taken = take_in(csv_bytes(*rows) + "José,N,j@x.com,,,\n".encode("cp1252"))

    assert taken.encoding == "cp1252"
    assert cells(taken)[-1][0] == "José"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(delimiter: str) -> None:
    rows = [["First name", "Email", "Note"], ["Ada", "a@x.com", "one; two, three"]]
    content = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)

    taken = take_in(content.encode())

    assert taken.delimiter == delimiter
    assert cells(taken) == [rows[1]]


def test_the_separator_line_of_excel_is_obeyed() -> None:
    taken = take_in(b"sep=;\nFirst name;Email\nAda;a@x.com\n")

    assert (taken.delimiter, taken.headers) == (";", ("First name", "Email"))
    assert cells(taken) == [["Ada", "a@x.com"]]


def test_repeated_and_blank_names_of_columns_are_told_apart() -> None:
    taken = take_in(b"Email,Email,,email\na@x.com,b@x.com,,\n")

    assert taken.headers == ("Email", "Email (2)", "Column 3", "email (3)")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        (b"First name,Email\n", "no_rows"),
        (b"First name,Email\n\n,\n", "no_rows"),
        (b"Ada,Lovelace,ada@x.com\nBob,B,bob@x.com\n", "no_header"),
        (b"PK\x03\x04" + bytes(range(200)), "not_csv"),
        (b"%PDF-1.7 something", "not_csv"),
        (bytes(range(256)) * 10, "not_csv"),
        (b"\xef\xbb\xbfFirst name,Email\nJos\xe9,j@x.com\n", "encoding"),
        (",".join(f"Column {n}" for n in range(501)).encode() + b"\n1\n", "too_many_columns"),
    ],
)
def test_files_that_hold_no_table_are_refused_with_a_reason(content: bytes, cause: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        take_in(content)

    assert refusal.value.cause == cause
    assert str(refusal.value)[0].isupper()


def test_a_file_above_the_limit_is_refused(settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100

    with pytest.raises(UnreadableFile, match="larger than 100"):
        take_in(csv_bytes(*["Ada,L,a@x.com,,,"] * 20))
