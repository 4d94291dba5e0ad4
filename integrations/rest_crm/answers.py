"""What the other side answers: one record, a page, a batch, a refusal; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

from integrations.hub.errors import Rejected, RetryLater
from integrations.rest_crm.configuration import Configuration
from integrations.rest_crm.paths import MISSING, Path, path_find
from integrations.rest_crm.reading import record_read

Json = dict[str, Any]
LONGEST_WORDS = 300
MOST_FIELDS = 20


@dataclass(frozen=True)
class Page:
    """Records as they came, and the cursor of the next page; empty on the last one."""

    records: tuple[Json, ...]
    next_cursor: str


@dataclass(frozen=True)
class BatchAnswer:
    """What became of one item: its external id, or why not; `existing_id` when it was there."""

    external_id: str
    refusal: str = ""
    fields: Mapping[str, str] | None = None
    existing_id: str = ""

    @property
    def is_ok(self) -> bool:
        return bool(self.external_id) and not self.refusal


def content_of(response: requests.Response, *, is_lenient: bool = False) -> Any:
    """The body as JSON, {} when it is empty; money stays exact.

    Raises RetryLater for a success that is no JSON: a proxy or a log-in page answered.
    """
    if not response.content.strip():
        return {}
    try:
        return json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        if is_lenient:
            return {}
        raise RetryLater(
            f"The CRM answered {response.status_code} with something that is no JSON.",
            status=response.status_code,
        ) from error


def first_at(content: Any, places: Sequence[Path]) -> Any:
    return next(
        (found for place in places if (found := path_find(content, place)) is not MISSING), MISSING
    )


def record_in(configuration: Configuration, content: Any) -> Json:
    """The record of an answer; {} when there is none. It may be wrapped, as the settings say."""
    wrapped = first_at(content, configuration.envelope.get("record", ()))
    found = wrapped if isinstance(wrapped, Mapping) else content
    return dict(found) if isinstance(found, Mapping) else {}


def items_of(configuration: Configuration, content: Any) -> list[Json]:
    """The records of a list, bare or wrapped; raises Rejected when there is no list."""
    found = content if isinstance(content, list) else first_at(content, _places(configuration))
    if not isinstance(found, list):
        raise Rejected(
            "The CRM answered without a list. Name its place in the setting envelope, such as: "
            "items = data.leads."
        )
    return [dict(row) for row in found if isinstance(row, Mapping)]


def _places(configuration: Configuration) -> Sequence[Path]:
    return configuration.envelope.get("items", ())


def page_of(configuration: Configuration, content: Any, cursor: str) -> Page:
    """Raises Rejected for a cursor that leads nowhere: the same one again."""
    following = first_at(content, configuration.envelope.get("cursor", ()))
    next_cursor = "" if following in (MISSING, None, False) else str(following)
    if next_cursor and next_cursor == cursor:
        raise Rejected("The CRM answered with the same cursor again; the list would never end.")
    return Page(tuple(items_of(configuration, content)), next_cursor)


# --- Batches ------------------------------------------------------------------------------------


def batch_answers(
    configuration: Configuration, content: Any, leads: Sequence[Mapping[str, Any]]
) -> list[BatchAnswer]:
    """One answer for each lead in order, found by our id where they repeat it, else by place.

    Raises Rejected when answers cannot be told apart.
    """
    rows = items_of(configuration, content)
    rules = configuration.objects["lead"]
    by_our_id = {
        our_id: row
        for row in rows
        if (our_id := record_read(rules, record_in(configuration, row)).our_id)
    }
    if len(by_our_id) < len(rows) and len(rows) != len(leads):
        raise Rejected(f"{len(leads)} leads were sent and {len(rows)} answers came.")
    in_place: Sequence[Json | None] = rows if len(rows) == len(leads) else [None] * len(leads)
    return [
        _batch_answer(configuration, by_our_id.get(str(lead.get("id"))) or _unnamed(row, by_our_id))
        for lead, row in zip(leads, in_place, strict=True)
    ]


def _unnamed(row: Json | None, by_our_id: Mapping[str, Json]) -> Json | None:
    """The answer at a lead's place, unless it names another lead."""
    return None if any(row is named for named in by_our_id.values()) else row


def _batch_answer(configuration: Configuration, row: Json | None) -> BatchAnswer:
    if row is None:
        return BatchAnswer("", "The CRM did not answer for this lead.")
    made = record_read(configuration.objects["lead"], record_in(configuration, row))
    status = row.get("status")
    is_refused = "error" in row or (isinstance(status, int) and status >= 400)
    if is_refused or not made.external_id:
        fields = field_errors(row)
        words = _message(row) or "The CRM refused this lead."
        named = "; ".join(f"{name}: {said}" for name, said in fields.items())
        existing = made.external_id if status == 409 else ""
        return BatchAnswer("", f"{words} ({named})" if named else words, fields, existing)
    return BatchAnswer(made.external_id)


# --- Refusals -----------------------------------------------------------------------------------


def field_errors(content: Any) -> dict[str, str]:
    """Their field to what they say of it, in the shapes that are common.

    `{"errors": {"status": "…"}}`, `{"errors": [{"field": "status", "message": "…"}]}`, both also
    below `error` and called `fields` or `details`; `{"error": {"field": "status", …}}`.
    """
    for place in (content, path_find(content, ("error",))):
        if not isinstance(place, Mapping):
            continue
        for name in ("fields", "errors", "details"):
            if found := _named(place.get(name)):
                return found
        if isinstance(place.get("field"), str):
            return {place["field"][:100]: _message(place) or "refused"}
    return {}


def _named(said: Any) -> dict[str, str]:
    if isinstance(said, Mapping):
        pairs = [(str(name), _one(words)) for name, words in said.items()]
    elif isinstance(said, list):
        pairs = [
            (str(row["field"]), _message(row))
            for row in said
            if isinstance(row, Mapping) and row.get("field")
        ]
    else:
        return {}
    return {name[:100]: words[:LONGEST_WORDS] for name, words in pairs[:MOST_FIELDS]}


def _one(words: Any) -> str:
    if isinstance(words, list):
        return " ".join(map(_one, words[:3]))
    return _message(words) if isinstance(words, Mapping) else str(words)


def _message(row: Any) -> str:
    if isinstance(row, Mapping):
        for name in ("message", "error", "detail", "title"):
            if row.get(name):
                return _message(row[name])
        return ""
    return str(row)[:LONGEST_WORDS]
