"""Between HubSpot's records and what the hub compares: all values are texts; pure, no calls."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.hub.streams import RemoteRecord
from integrations.hubspot.client import RemoteObject
from integrations.hubspot.kinds import FIRST_WORDS, LINK, MERGED_IDS, Kind
from integrations.hubspot.plain_text import first_words, html_of_text, text_of_html

CLOSE_DATE, TIMESTAMP, START = "closedate", "hs_timestamp", "hs_meeting_start_time"
# Words of ours that HubSpot has no own word for: they are sent as another, and stay ours here.
WIDER: Mapping[str, Mapping[str, str]] = {
    "hs_task_priority": {"URGENT": "HIGH"},
    "hs_task_type": {"FOLLOW_UP": "TODO", "MEETING_PREP": "TODO", "PAYMENT_RECOVERY": "TODO"},
    "hs_call_direction": {"NONE": ""},
}
# What a property without a value means, where ours always has one.
BLANK: Mapping[str, str] = {
    "hs_call_direction": "NONE",
    "hs_task_priority": "NONE",
    "hs_task_status": "NOT_STARTED",
    "hs_task_type": "TODO",
}


def zone_of(name: str) -> datetime.tzinfo:
    """The portal's time zone; days are counted in UTC while it is not known."""
    try:
        return ZoneInfo(name) if name else datetime.UTC
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.UTC


# --- Theirs -------------------------------------------------------------------------------------


def properties_of(fields: Iterable[str], kind: Kind) -> tuple[str, ...]:
    """What to ask HubSpot for, so that `fields` can be told."""
    named = [name for name in fields if not name.startswith(LINK)]
    needed = [kind.modified, *([MERGED_IDS] if kind.can_merge else [])]
    if FIRST_WORDS in fields:
        needed += kind.rich
    return tuple(dict.fromkeys([*named, *needed]))


@dataclass(frozen=True)
class Reader:
    """Reads records of one kind; `fields` are what is told of each."""

    kind: Kind
    fields: tuple[str, ...]
    zone: datetime.tzinfo = datetime.UTC

    def record(
        self,
        found: RemoteObject,
        links: Mapping[str, str] | None = None,
        *,
        former_id: str = "",
    ) -> RemoteRecord:
        """`links` are ids by kind; without them those that came with the record count."""
        if found.is_archived:
            return RemoteRecord(found.id, is_deleted=True)
        if links is None:
            links = {to: ids[0] for to, ids in found.associations.items() if ids}
        return RemoteRecord(
            id=found.id,
            values=self._values(found, links),
            modified_at=moment(found.properties.get(self.kind.modified) or found.updated_at),
            former_ids=former_ids(found, former_id),
        )

    def answered(self, found: RemoteObject, links: Mapping[str, str]) -> RemoteRecord:
        """Of a write: only what the answer says, and the links that were set."""
        said = {
            name: self._value(name, value or "", found)
            for name, value in found.properties.items()
            if name in self.fields
        }
        linked = {LINK + to: identifier for to, identifier in links.items()}
        modified_at = moment(found.properties.get(self.kind.modified) or found.updated_at)
        return RemoteRecord(found.id, said | linked, modified_at=modified_at)

    def _values(self, found: RemoteObject, links: Mapping[str, str]) -> dict[str, str]:
        said = found.properties
        values = {name: said.get(name) or BLANK.get(name, "") for name in self._plain}
        return values | {name: self._told(name, found, links) for name in self._worded}

    @cached_property
    def _plain(self) -> tuple[str, ...]:
        """Most fields are told as they stand, and asking each time what it is takes longest."""
        kind = self.kind
        apart = {FIRST_WORDS, CLOSE_DATE, kind.named_by, *kind.rich}
        return tuple(one for one in self.fields if one not in apart and not one.startswith(LINK))

    @cached_property
    def _worded(self) -> tuple[str, ...]:
        return tuple(one for one in self.fields if one not in self._plain)

    def _told(self, name: str, found: RemoteObject, links: Mapping[str, str]) -> str:
        if name == FIRST_WORDS:
            body = found.properties.get(self.kind.rich[0]) or ""
            return first_words(text_of_html(body)) or self.kind.word.capitalize()
        if name.startswith(LINK):
            return links.get(name.removeprefix(LINK), "")
        return self._value(name, found.properties.get(name) or "", found)

    def _value(self, name: str, value: str, found: RemoteObject) -> str:
        if name in self.kind.rich:
            return text_of_html(value)
        if name == CLOSE_DATE and value:
            return day_of(value, self.zone)
        if name == self.kind.named_by and not value.strip():
            return self._name(found)
        return value or BLANK.get(name, "")

    def _name(self, found: RemoteObject) -> str:
        """For a record that nobody gave a name: ours must have one."""
        domain = found.properties.get("domain") or ""
        return domain or f"{self.kind.unnamed} {found.id}"


def moment(text: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def milliseconds(at: datetime.datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def former_ids(found: RemoteObject, asked: str = "") -> tuple[str, ...]:
    """Those that went into this record, as far as it says, and the one it was asked by."""
    merged = (found.properties.get(MERGED_IDS) or "").split(";")
    known = (part.strip() for part in (*merged, asked))
    return tuple(dict.fromkeys(part for part in known if part and part != found.id))


def day_of(text: str, zone: datetime.tzinfo) -> str:
    """The day that the portal's people see; what is no time stays as it is."""
    if len(text) == len("2026-11-22"):
        return text
    found = moment(text)
    return found.astimezone(zone).date().isoformat() if found else text


# --- Ours ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """What is sent of one record: properties as texts, and links by kind (empty: none)."""

    properties: Mapping[str, str]
    links: Mapping[str, str]


def sent_of(
    kind: Kind,
    values: Mapping[str, Any],
    *,
    is_new: bool = False,
    zone: datetime.tzinfo = datetime.UTC,
) -> Sent:
    """Values by HubSpot's names, as HubSpot takes them."""
    links = {to: _text(values[LINK + to]) for to in kind.links if LINK + to in values}
    properties = {
        name: _sent_value(kind, name, _text(value), zone)
        for name, value in values.items()
        if not name.startswith(LINK)
    }
    if kind.is_timed and is_new and not properties.get(TIMESTAMP):
        # HubSpot makes none without a time.
        properties[TIMESTAMP] = _iso(datetime.datetime.now(datetime.UTC))
    if kind.name == "meetings" and properties.get(TIMESTAMP):
        properties[START] = properties[TIMESTAMP]
    return Sent(properties, links)


def _sent_value(kind: Kind, name: str, value: str, zone: datetime.tzinfo) -> str:
    if name in kind.rich:
        return html_of_text(value)
    if name == CLOSE_DATE and value:
        return _midnight(value, zone)
    return WIDER.get(name, {}).get(value, value)


def _midnight(day: str, zone: datetime.tzinfo) -> str:
    try:
        found = datetime.date.fromisoformat(day)
    except ValueError:
        return day
    return _iso(datetime.datetime.combine(found, datetime.time(), tzinfo=zone))


def _iso(at: datetime.datetime) -> str:
    said = at.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
    return said.replace("+00:00", "Z")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
