"""Their record back in our field names, whatever name they use for it; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.rest_crm.configuration import ObjectRules
from integrations.rest_crm.fields import FieldRule
from integrations.rest_crm.paths import MISSING, Path, path_find, path_words
from integrations.rest_crm.values import UnknownValue

GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
LONGEST_NUMBER = 40


class Unreadable(ValueError):
    """A value that is not what the field holds; `str()` says why, without the value of a text."""


@dataclass(frozen=True)
class ReadingProblem:
    """A field that could not be read: ours, their place, why, and what stands there."""

    field: str
    place: str
    words: str
    raw: Any = None


@dataclass(frozen=True)
class Reading:
    """What was said of a record; fields that were not mentioned are not in `values`."""

    values: Mapping[str, Any]
    problems: tuple[ReadingProblem, ...] = ()

    @property
    def external_id(self) -> str:
        return str(self.values.get("external_id") or "")

    @property
    def our_id(self) -> str:
        """What they kept as externalReference; empty when they were never told."""
        return str(self.values.get("id") or "")


def record_read(rules: ObjectRules, body: Mapping[str, Any]) -> Reading:
    """One wrong field does not hide the others."""
    values: dict[str, Any] = {}
    problems: list[ReadingProblem] = []
    for rule in rules.reads.rules:
        place, raw = _found(body, rule.theirs)
        if raw is MISSING:
            continue
        try:
            values[rule.ours] = None if raw is None else _value(rules, rule, raw)
        except (Unreadable, UnknownValue) as error:
            problems.append(ReadingProblem(rule.ours, path_words(place), str(error), raw))
    return Reading(values, tuple(problems))


def _found(body: Mapping[str, Any], places: tuple[Path, ...]) -> tuple[Path, Any]:
    """The first place with a value; else the first that says null."""
    cleared: Path | None = None
    for place in places:
        raw = path_find(body, place)
        if raw is not MISSING and raw is not None:
            return place, raw
        if raw is None and cleared is None:
            cleared = place
    return (cleared, None) if cleared is not None else ((), MISSING)


def _value(rules: ObjectRules, rule: FieldRule, raw: Any) -> Any:
    if rule.kind == "number":
        return number_read(raw)
    if rule.kind == "list":
        return list_read(raw)
    if rule.kind == "moment":
        return moment_read(raw)
    text = text_read(raw)
    if rule.kind == "choice" and text and rule.ours in rules.maps:
        return rules.maps[rule.ours].to_ours(text)
    return text


def text_read(raw: Any) -> str:
    """Numbers become text, since many ids are numbers; an object with an id is that id."""
    if isinstance(raw, Mapping):
        inner = next((raw[name] for name in ("id", "_id", "name") if raw.get(name)), None)
        if inner is None or isinstance(inner, Mapping | list):
            raise Unreadable("an object stands where a text was expected.")
        raw = inner
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise Unreadable(f"a {type(raw).__name__} stands where a text was expected.")
    return str(raw).strip()


def number_read(raw: Any) -> Decimal | None:
    """Also a text with commas between thousands; None for an empty one."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise Unreadable(f"a {type(raw).__name__} stands where a number was expected.")
    text = str(raw).strip()
    if not text:
        return None
    plain = text.replace(",", "") if GROUPED.fullmatch(text) else text
    try:
        number = Decimal(plain) if len(plain) <= LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation as error:
        raise Unreadable("this is no number.") from error
    if not number.is_finite():
        raise Unreadable("this is no number.")
    return number


def list_read(raw: Any) -> list[str]:
    """A list, or a text with commas."""
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(",") if part.strip()]
    if not isinstance(raw, list | tuple):
        raise Unreadable(f"a {type(raw).__name__} stands where a list was expected.")
    return [text for text in map(text_read, raw) if text]


def moment_read(raw: Any) -> datetime | None:
    """ISO text, taken as UTC when it names no zone; or Unix time in seconds or milliseconds."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise Unreadable(f"a {type(raw).__name__} stands where a time was expected.")
    if raw == "":
        return None
    try:
        if isinstance(raw, str):
            found = datetime.fromisoformat(raw.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found
        return _unix(float(raw))
    except (ValueError, OverflowError, OSError) as error:
        raise Unreadable("this is no time.") from error


def _unix(seconds: float) -> datetime:
    """More than ten digits are milliseconds."""
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= 1e11 else seconds, UTC)
