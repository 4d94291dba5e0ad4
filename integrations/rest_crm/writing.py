"""Our values as the body of a call: value maps first, then the template; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.hub.errors import Rejected
from integrations.rest_crm.configuration import Configuration, ObjectRules
from integrations.rest_crm.plain import Unrenderable
from integrations.rest_crm.templates import MissingValue
from integrations.rest_crm.values import UnknownValue

Json = dict[str, Any]


def body_of(rules: ObjectRules, values: Mapping[str, Any], *, is_partial: bool = False) -> Json:
    """What is sent for one record; raises Rejected naming the field that cannot be sent.

    `is_partial` is for changed fields only; see Template.render.
    """
    try:
        body = rules.template.render(_mapped(rules, values), is_partial=is_partial)
    except (MissingValue, Unrenderable, UnknownValue) as error:
        raise Rejected(str(error)) from error
    return dict(body)


def batch_body(configuration: Configuration, bodies: list[Json]) -> Any:
    """Many bodies as one."""
    return configuration.batch_template.render({"items": bodies})


def _mapped(rules: ObjectRules, values: Mapping[str, Any]) -> dict[str, Any]:
    mapped = dict(values)
    for name, value_map in rules.maps.items():
        value = mapped.get(name)
        if value:
            try:
                mapped[name] = value_map.to_theirs(str(value))
            except UnknownValue as error:
                raise UnknownValue(f"{name}: {error}") from error
    return mapped
