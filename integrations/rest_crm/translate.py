"""Between their records and the words the mapping knows: one flat name a value; pure.

Value and field maps of the settings have been applied before (reading.py) or follow (writing.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.hub.streams import RemoteRecord
from integrations.rest_crm.fields import GIVEN
from integrations.rest_crm.plain import plain, text_of
from integrations.rest_crm.reading import Reading, list_read

# A name of theirs is two fields of ours.
NAME, FIRST_NAME, LAST_NAME = "name", "first_name", "last_name"
LISTS: Final = frozenset({"preferred_areas"})
LONGEST_SHOWN: Final = 100


def record_of(reading: Reading, *, external_id: str = "", is_person: bool) -> RemoteRecord:
    """A reading as the hub takes it; fields that were not mentioned are not in its values."""
    values = {name: value for name, value in reading.values.items() if name not in GIVEN}
    told: dict[str, Any] = {name: _spelt(name, value) for name, value in values.items()}
    # What could not be read stands as it is, so that the mapping names it to a person.
    told |= {one.field: _shown(one.raw) for one in reading.problems if one.field not in GIVEN}
    if is_person and NAME in told:
        told[FIRST_NAME], told[LAST_NAME] = name_parts(str(told.pop(NAME) or ""))
    return RemoteRecord(
        id=reading.external_id or external_id,
        values=told,
        modified_at=reading.values.get("updated_at"),
    )


def name_parts(name: str) -> tuple[str, str]:
    """First and last name: the first word, and the rest."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last


def values_sent(values: Mapping[str, Any], *, held: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the mapping as the field map writes them; "" clears.

    `held` is what they hold of the fields that were not changed: the other half of a name.
    """
    sent = {name: _written(name, value) for name, value in values.items()}
    if FIRST_NAME in sent or LAST_NAME in sent:
        halves = {**held, **values}
        first, last = sent.pop(FIRST_NAME, None), sent.pop(LAST_NAME, None)
        first, last = halves.get(FIRST_NAME) or first, halves.get(LAST_NAME) or last
        sent[NAME] = f"{first or ''} {last or ''}".strip() or None
    return sent


def _spelt(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in LISTS:
        return ",".join(value)
    return plain(value) if isinstance(value, Decimal) else text_of(value)


def _written(name: str, value: Any) -> Any:
    if value in (None, "", []):
        return None
    return list_read(value) if name in LISTS else value


def _shown(raw: Any) -> str:
    """At most a line of what could not be read."""
    text = raw if isinstance(raw, str) else json.dumps(raw, default=str)
    return text[:LONGEST_SHOWN]
