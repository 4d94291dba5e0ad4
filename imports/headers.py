"""Guesses which field each column fills, from its header first and its values second."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from imports.errors import UnreadableFile
from imports.fields import FIELDS, Field
from imports.formats import MAX_COLUMNS

EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE: Final = re.compile(r"\+?[\d\s().\-]{7,20}")
CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
LOOKS_LIKE_VALUE: Final = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+|\+?[\d\s().\-/:]{5,}|\d+([.,]\d+)?"
)
CLOSE_ENOUGH: Final = 0.88
MAX_HEADER: Final = 200


class Confidence(StrEnum):
    """How sure a guess is."""

    SURE = "sure"
    LIKELY = "likely"
    NONE = "none"


@dataclass(frozen=True)
class Column:
    """A column of the file with the guess for it; `field` is empty when there is none."""

    index: int
    header: str
    field: str = ""
    confidence: Confidence = Confidence.NONE


def header_normal(header: str) -> str:
    """`Lead_Source`, `leadSource`, `Lead  source:` are `lead source`; `E-Mail` is `e mail`."""
    plain = unicodedata.normalize("NFKD", CAMEL.sub(" ", header)).encode("ascii", "ignore").decode()
    return NOT_WORD.sub(" ", plain.lower()).strip()


def headers_check(headers: Sequence[str], import_object: str) -> list[str]:
    """Names to show, each once; raises UnreadableFile when the row holds no column names."""
    if not any(header.strip() for header in headers):
        raise UnreadableFile("no_header", _NO_HEADER)
    if len(headers) > MAX_COLUMNS:
        raise UnreadableFile(
            "too_many_columns",
            f"The file has {len(headers)} columns; {MAX_COLUMNS} are allowed. Nothing was "
            "imported. Remove columns you don't need and upload it again.",
        )
    known = _by_synonym(import_object)
    if not any(header_normal(header) in known for header in headers):
        valued = [text for header in headers if LOOKS_LIKE_VALUE.fullmatch(text := header.strip())]
        if valued:
            raise UnreadableFile("no_header", f"{_NO_HEADER} It holds “{valued[0][:80]}”.")
    return _unique(headers)


_NO_HEADER: Final = (
    "The first row does not hold column names. Nothing was imported. Put a row such as "
    "“First name, Last name, Email, Company” on top and upload the file again."
)


def columns_guess(
    headers: Sequence[str],
    samples: Sequence[Sequence[str]],
    import_object: str,
    custom: Iterable[Field] = (),
) -> list[Column]:
    """A column for each header; no field is guessed twice, the surer guess takes it."""
    known = _by_synonym(import_object, custom)
    guesses: list[tuple[int, int, str, Confidence]] = []
    for index, header in enumerate(headers):
        values = [row[index] for row in samples if index < len(row) and row[index].strip()]
        guess = _guess(header_normal(header), values, known)
        if guess is not None:
            rank, key, confidence = guess
            guesses.append((rank, index, key, confidence))
    taken: dict[str, int] = {}
    for _rank, index, key, _confidence in sorted(guesses):
        taken.setdefault(key, index)
    chosen = {
        index: (key, confidence) for _rank, index, key, confidence in guesses if taken[key] == index
    }
    return [
        Column(index, header, *chosen.get(index, ("", Confidence.NONE)))
        for index, header in enumerate(headers)
    ]


def _guess(
    header: str, values: Sequence[str], known: dict[str, tuple[int, Field]]
) -> tuple[int, str, Confidence] | None:
    if header in known:
        rank, field = known[header]
        return rank, field.key, Confidence.SURE
    close = get_close_matches(header, known, n=1, cutoff=CLOSE_ENOUGH) if header else []
    if close:
        rank, field = known[close[0]]
        return 100 + rank, field.key, Confidence.LIKELY
    if values and all(EMAIL.fullmatch(value.strip()) for value in values):
        return 200, "email", Confidence.LIKELY
    if values and all(PHONE.fullmatch(value.strip()) for value in values) and "phone" in header:
        return 200, "phone", Confidence.LIKELY
    return None


def _by_synonym(import_object: str, custom: Iterable[Field] = ()) -> dict[str, tuple[int, Field]]:
    """Every spelling with its field; an earlier synonym ranks before a later one.

    A workspace's own fields come last and are known by their labels.
    """
    known: dict[str, tuple[int, Field]] = {}
    for field in FIELDS[import_object]:
        label = header_normal(field.label)
        for rank, synonym in enumerate((field.name.replace("_", " "), label, *field.synonyms)):
            known.setdefault(synonym, (rank, field))
    for field in custom:
        known.setdefault(header_normal(field.label), (0, field))
    return known


def _unique(headers: Sequence[str]) -> list[str]:
    """Blank names become `Column 3`, a repeated one `Email (2)`."""
    seen: Counter[str] = Counter()
    names = []
    for number, header in enumerate(headers, start=1):
        name = " ".join(header.split())[:MAX_HEADER] or f"Column {number}"
        seen[name.lower()] += 1
        again = seen[name.lower()]
        names.append(name if again == 1 else f"{name} ({again})")
    return names
