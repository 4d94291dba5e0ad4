"""Values as they come in, judged and brought into the form HubSpot keeps: all are texts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from integrations.hubspot.sandbox.catalog import LIFECYCLE, READ_ONLY, STAGES, PropertyTypes
from integrations.hubspot.sandbox.errors import invalid, properties_invalid, property_error
from integrations.hubspot.sandbox.moments import DAY_MS, iso, milliseconds_of

EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
LONGEST = 65_536


def values_checked(types: PropertyTypes, given: Any) -> dict[str, str]:
    """The given properties, normal; raises all that is wrong with them at once."""
    if not isinstance(given, Mapping):
        raise invalid("properties must be an object")
    values: dict[str, str] = {}
    wrong = []
    for name, value in given.items():
        said = types.get(name)
        text = _text(value)
        problem = _problem(name, text, said)
        if problem:
            wrong.append(property_error(name, *problem))
        else:
            values[name] = _normal(name, text, said)
    if wrong:
        raise properties_invalid(wrong)
    return values


def _text(value: Any) -> str:
    """Numbers and booleans in JSON are taken too, as HubSpot does; null clears."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else repr(value)


def _problem(name: str, text: str, said: Any) -> tuple[str, str] | None:
    if said is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if name in READ_ONLY:
        return "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'
    if not text:
        return None
    if name == "email" and not EMAIL.fullmatch(text.strip()):
        return "INVALID_EMAIL", f"Email address {text} is invalid"
    if isinstance(said, tuple) and text not in said:
        options = ", ".join(said)
        return "INVALID_OPTION", f"{text} was not one of the allowed options: [{options}]"
    if said == "number" and not NUMBER.fullmatch(text):
        return "INVALID_INTEGER", f"{text} was not a valid number."
    if said in ("date", "datetime"):
        return _date_problem(name, text, said)
    if len(text) > LONGEST:
        return "INVALID_LENGTH", f"{name} is longer than {LONGEST} characters."
    return None


def _date_problem(name: str, text: str, said: str) -> tuple[str, str] | None:
    moment = milliseconds_of(text)
    if moment is None:
        code = "INVALID_DATE" if said == "date" else "INVALID_LONG"
        return code, f"{text} was not a valid long."
    if said == "date" and moment % DAY_MS:
        return "INVALID_DATE", f"{name}: {text} is at a time of day; dates are midnight UTC."
    return None


def _normal(name: str, text: str, said: Any) -> str:
    if name == "email":
        return text.strip().lower()
    moment = milliseconds_of(text) if said in ("date", "datetime") and text else None
    if moment is None:
        return text
    if said == "date":
        return str(datetime.datetime.fromtimestamp(moment / 1000, datetime.UTC).date())
    return iso(moment)


# --- What HubSpot works out itself --------------------------------------------------------------


def lifecycle_kept(before: Mapping[str, str], values: dict[str, str]) -> dict[str, str]:
    """A stage moves forward only; to go back it has to be emptied first."""
    was, wanted = before.get("lifecyclestage"), values.get("lifecyclestage")
    if was and wanted and LIFECYCLE.index(wanted) < LIFECYCLE.index(was):
        return {name: value for name, value in values.items() if name != "lifecyclestage"}
    return values


def deal_facts(properties: Mapping[str, str]) -> dict[str, str]:
    """Probability and outcome follow the stage."""
    chances = {name: chance for name, _, chance in STAGES}
    stage = properties.get("dealstage", "")
    return {
        "hs_deal_stage_probability": chances.get(stage, ""),
        "hs_is_closed": "true" if stage in ("closedwon", "closedlost") else "false",
        "hs_is_closed_won": "true" if stage == "closedwon" else "false",
    }
