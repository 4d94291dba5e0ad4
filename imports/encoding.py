"""Which characters the bytes of an uploaded file stand for: the first thing known about it."""

from __future__ import annotations

import codecs
import re
from typing import Final

from charset_normalizer import from_bytes

from imports.errors import UnreadableFile

BOMS: Final[tuple[tuple[bytes, str], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a person may choose; every one of them keeps commas, quotes and line ends as ASCII bytes.
ENCODINGS: Final[dict[str, str]] = {
    "utf-8": "Unicode (UTF-8)",
    "cp1252": "Western European (Windows-1252)",
    "iso8859-15": "Western European (ISO 8859-15)",
    "cp1250": "Central European (Windows-1250)",
    "iso8859-2": "Central European (ISO 8859-2)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "mac-roman": "Western European (Mac)",
    "shift_jis": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese (Big5)",
    "euc-kr": "Korean (EUC-KR)",
}
# Near relatives that charset-normalizer may name, by the choice that stands for them.
RELATIVES: Final[dict[str, str]] = {
    "latin-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "ascii": "utf-8",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x00asm", "a program"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
MAX_CONTROL_SHARE: Final = 0.01
FEW_CONTROLS: Final = 8
SAFE_CONTROLS: Final = frozenset(b"\t\n\r\x0c\x1a")
HIGH_WORD: Final = re.compile(rb"[\x80-\xff]{3}")
HIGH_LETTER: Final = re.compile(rb"[\xc0-\xff]")
SAMPLE_BYTES: Final = 256 * 1024


def bom_encoding(head: bytes) -> str:
    """The encoding a byte order mark names; empty without one."""
    return next((name for mark, name in BOMS if head.startswith(mark)), "")


def utf16_without_mark(head: bytes) -> str:
    """UTF-16 shows as every second byte zero."""
    pairs = len(head) // 2
    if pairs < 8:
        return ""
    if head[1::2].count(0) > pairs * 0.7:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > pairs * 0.7 else ""


def refuse_binary(head: bytes) -> None:
    """Raise UnreadableFile for what is plainly not a text file."""
    kind = next((words for mark, words in SIGNATURES if head.startswith(mark)), "")
    controls = sum(byte < 32 and byte not in SAFE_CONTROLS for byte in head)
    if not kind and controls > max(FEW_CONTROLS, len(head) * MAX_CONTROL_SHARE):
        kind = "a file of raw bytes"
    if kind:
        raise UnreadableFile(
            "not_csv",
            f"This is {kind}, not CSV. Nothing was imported. Open it in your spreadsheet "
            "program, save it as “CSV UTF-8” and upload that file.",
        )


def legacy_encoding(sample: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8; raises UnreadableFile without one."""
    if _is_western(sample):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=[*ENCODINGS, *RELATIVES]).best()
    name = codecs.lookup(best.encoding).name if best else ""
    for candidate in (RELATIVES.get(name, name), "cp1252"):
        if candidate in ENCODINGS and candidate != "utf-8" and decodes(sample, candidate):
            return candidate
    raise UnreadableFile(
        "encoding",
        "The characters of this file can't be told: it is neither Unicode nor an encoding we "
        "know. Nothing was imported. Save it as “CSV UTF-8” and upload it again.",
    )


def _is_western(sample: bytes) -> bool:
    """Accents stand alone in Western words; another script has whole words of high bytes."""
    if not decodes(sample, "cp1252"):
        return False
    return not HIGH_WORD.search(sample) and bool(HIGH_LETTER.search(sample))


def decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    return True
