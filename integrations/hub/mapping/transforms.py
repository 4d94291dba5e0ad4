"""The steps between a vendor's spelling of a value and ours; each is pure and goes both ways.

`decode` turns theirs into ours, `encode` ours into theirs. Both are given values that are not blank
and raise Untranslatable, with words for a person, for one that has no counterpart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

from crm.rules.identity import phone_e164
from integrations.hub.merge import Untranslatable

EPOCH_MILLISECONDS: Final = "epoch_ms"
ISO: Final = "iso"


class InvalidTransform(ValueError):
    """A step that does not exist or is told the wrong things; the message is for a person."""


class Transform(Protocol):
    """One step, both ways."""

    def decode(self, theirs: Any) -> Any: ...

    def encode(self, ours: Any) -> Any: ...


@dataclass(frozen=True)
class Text:
    """What every value is unless told otherwise: text without blanks around it."""

    def decode(self, theirs: Any) -> Any:
        return text_of(theirs)

    def encode(self, ours: Any) -> Any:
        return text_of(ours)


@dataclass(frozen=True)
class Lower:
    """Small letters on both sides, as in e-mail addresses."""

    def decode(self, theirs: Any) -> Any:
        return text_of(theirs).lower()

    def encode(self, ours: Any) -> Any:
        return text_of(ours).lower()


@dataclass(frozen=True)
class PhoneFormat:
    """E.164 where the number can be read; as it is where not, since people write odd numbers."""

    country: str = ""

    def decode(self, theirs: Any) -> Any:
        return phone_e164(text_of(theirs), self.country) or text_of(theirs)

    def encode(self, ours: Any) -> Any:
        return self.decode(ours)


@dataclass(frozen=True)
class Number:
    """A decimal number; `factor` turns a share (0.4) into per cent (40)."""

    factor: Decimal = Decimal(1)
    is_text: bool = False

    def decode(self, theirs: Any) -> Any:
        return _plain(_decimal(theirs) * self.factor)

    def encode(self, ours: Any) -> Any:
        number = _plain(_decimal(ours) / self.factor)
        if self.is_text:
            return number
        return int(number) if "." not in number else float(number)


@dataclass(frozen=True)
class Boolean:
    """Yes or no; `is_text` for vendors that write them as words."""

    is_text: bool = False

    def decode(self, theirs: Any) -> Any:
        word = text_of(theirs).lower()
        if word not in ("true", "false", "1", "0", "yes", "no"):
            raise Untranslatable(f"{theirs!r} is neither yes nor no.")
        return word in ("true", "1", "yes")

    def encode(self, ours: Any) -> Any:
        return ("true" if ours else "false") if self.is_text else bool(ours)


@dataclass(frozen=True)
class DateParse:
    """A date or a time; `theirs` is how the vendor writes it: `iso`, `epoch_ms` or a strftime text.

    `is_date` keeps the day only, read in UTC, so that no time zone moves it.
    """

    theirs: str = ISO
    is_date: bool = False

    def decode(self, theirs: Any) -> Any:
        moment = self._moment(theirs)
        return moment.date().isoformat() if self.is_date else moment.isoformat()

    def encode(self, ours: Any) -> Any:
        moment = _iso(ours)
        if self.theirs == EPOCH_MILLISECONDS:
            return str(int(moment.timestamp() * 1000))
        if self.theirs != ISO:
            return moment.strftime(self.theirs)
        if self.is_date:
            return moment.date().isoformat()
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _moment(self, theirs: Any) -> datetime:
        text = text_of(theirs)
        try:
            if text.lstrip("-").isdecimal() and self.theirs in (ISO, EPOCH_MILLISECONDS):
                return datetime.fromtimestamp(int(text) / 1000, UTC)
            if self.theirs not in (ISO, EPOCH_MILLISECONDS):
                return datetime.strptime(text, self.theirs).replace(tzinfo=UTC)
        except (ValueError, OverflowError, OSError):
            raise Untranslatable(f"{text!r} is no date as {self.theirs} writes it.") from None
        return _iso(text)


@dataclass(frozen=True)
class Split:
    """A list of ours that the vendor writes as one text."""

    separator: str = ";"

    def decode(self, theirs: Any) -> Any:
        parts = (
            theirs if isinstance(theirs, list | tuple) else text_of(theirs).split(self.separator)
        )
        return [part for part in (text_of(part) for part in parts) if part]

    def encode(self, ours: Any) -> Any:
        return self.separator.join(text_of(part) for part in _listed(ours))


@dataclass(frozen=True)
class Join:
    """A list of the vendor's that is one text of ours."""

    separator: str = ", "

    def decode(self, theirs: Any) -> Any:
        return self.separator.join(text_of(part) for part in _listed(theirs))

    def encode(self, ours: Any) -> Any:
        return [
            part
            for part in map(str.strip, text_of(ours).split(self.separator.strip() or " "))
            if part
        ]


@dataclass(frozen=True)
class Constant:
    """Always the same value at the vendor, whatever ours is; nothing is ever taken over."""

    value: Any = ""

    def decode(self, theirs: Any) -> Any:
        raise Untranslatable("A constant is sent and never taken over.")

    def encode(self, ours: Any) -> Any:
        return self.value


@dataclass(frozen=True)
class Picklist:
    """Values by a table: all of `theirs` are understood, the first of each of `ours` is sent.

    Raises Untranslatable for a value that is not in the table: a guess would be taken for a choice.
    """

    name: str
    theirs: Mapping[str, str] = field(default_factory=dict)
    ours: Mapping[str, str] = field(default_factory=dict)

    def decode(self, theirs: Any) -> Any:
        return self._found(self.theirs, theirs, "of theirs means nothing here yet")

    def encode(self, ours: Any) -> Any:
        return self._found(self.ours, ours, "has no counterpart there yet")

    def _found(self, table: Mapping[str, str], value: Any, lack: str) -> str:
        key = text_of(value)
        if key not in table:
            raise Untranslatable(f"{key!r} {lack}: add it to the values of {self.name}.")
        return table[key]


# What a row of the mapping may name, and the options each takes.
KINDS: Final[Mapping[str, Callable[..., Transform]]] = {
    "text": Text,
    "lower": Lower,
    "phone_format": PhoneFormat,
    "number": Number,
    "boolean": Boolean,
    "date_parse": DateParse,
    "split": Split,
    "join": Join,
    "const": Constant,
    "picklist": Picklist,
}


def text_of(value: Any) -> str:
    """One value as text; raises Untranslatable for a list or an object."""
    if type(value) is str:
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        raise Untranslatable("A list or an object stands where one value is expected.")
    return str(value).strip()


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(text_of(value))
    except InvalidOperation:
        raise Untranslatable(f"{value!r} is no number.") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise Untranslatable(f"{value!r} is no number we can keep.")
    return number


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f") if number else "0"


def _iso(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        raise Untranslatable(f"{value!r} is no date.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
