"""Form fields for what a workspace added to a record type; named `custom.<key>` as services do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from crm.choices import FieldKind
from crm.forms.moments import DayField
from crm.models import CustomField, Workspace

PREFIX = "custom."
YES_OR_NO = (("", "—"), ("true", "Yes"), ("false", "No"))


def custom_form_fields(workspace: Workspace, record_type: str) -> dict[str, forms.Field]:
    """A form field for each definition, in the workspace's order."""
    definitions = CustomField.objects.filter(workspace=workspace, record_type=record_type)
    return {
        f"{PREFIX}{definition.key}": _MAKERS[definition.kind](definition)
        for definition in definitions.order_by("order", "id")
    }


def custom_initial(custom: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values by form field; yes and no as the select spells them."""
    return {
        f"{PREFIX}{key}": str(value).lower() if isinstance(value, bool) else value
        for key, value in custom.items()
    }


def custom_values(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What the service is given; an empty value removes the key."""
    return {
        name.removeprefix(PREFIX): None if value in (None, "") else value
        for name, value in cleaned.items()
        if name.startswith(PREFIX)
    }


def _text(definition: CustomField) -> forms.Field:
    return forms.CharField(label=definition.label, required=definition.is_required, max_length=2000)


def _number(definition: CustomField) -> forms.Field:
    return forms.DecimalField(
        label=definition.label, required=definition.is_required, max_digits=30, decimal_places=10
    )


def _boolean(definition: CustomField) -> forms.Field:
    return forms.ChoiceField(
        label=definition.label, required=definition.is_required, choices=YES_OR_NO
    )


def _date(definition: CustomField) -> forms.Field:
    return DayField(label=definition.label, required=definition.is_required)


def _choice(definition: CustomField) -> forms.Field:
    choices = [("", "—"), *((str(one), str(one)) for one in definition.choices)]
    return forms.ChoiceField(
        label=definition.label, required=definition.is_required, choices=choices
    )


_MAKERS: dict[str, Callable[[CustomField], forms.Field]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
}
