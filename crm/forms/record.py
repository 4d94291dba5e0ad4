"""The form of a record: its clean values go to a service, which alone writes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.models import ModelChoiceField

from crm.forms.custom import PREFIX, custom_form_fields, custom_initial, custom_values
from crm.forms.lookup import LookupField
from crm.models import Membership, OwnedRecord, User, Workspace
from crm.selectors.members import members_or
from crm.services.errors import InvalidRecord, ServiceError

VERSION = "version"


class RecordForm(forms.ModelForm[Any]):
    """Fields of one record; never saved, and limited to what the workspace holds.

    `version` is the one the person saw; a service compares it before it writes.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership
        self.fields.update(custom_form_fields(self.workspace, self.record_type))
        self.initial = {**custom_initial(self.instance.custom), **self.initial}
        self.initial[VERSION] = self.instance.version
        for name, field in self.fields.items():
            self._limit(name, field)

    @property
    def workspace(self) -> Workspace:
        return self.membership.workspace

    @property
    def record_type(self) -> str:
        return str(self.instance._meta.model_name)

    @property
    def values(self) -> dict[str, Any]:
        """What the service is given."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name != VERSION and not name.startswith(PREFIX)
        }
        custom = custom_values(self.cleaned_data)
        return {**values, "custom": custom} if custom else values

    @property
    def expected_version(self) -> int | None:
        version: int | None = self.cleaned_data.get(VERSION)
        return version

    def refuse(self, error: ServiceError) -> None:
        """Show what a service refused on the fields it names."""
        refusal_show(self, error, labels=_labels(self.instance))

    def _limit(self, name: str, field: forms.Field) -> None:
        """Offer only what is in the workspace, and what the record has now."""
        if isinstance(field, LookupField):
            current = getattr(self.instance, name, None)
            field.limit_to(self.workspace, current)
            if current is not None:
                self.initial[name] = current
        elif isinstance(field, ModelChoiceField) and _is_of_people(field):
            field.queryset = members_or(self.workspace, getattr(self.instance, f"{name}_id"))
            field.empty_label = "Nobody"

    def _post_clean(self) -> None:
        """Leave the record as it is: the service validates what it writes."""


def refusal_show(
    form: forms.BaseForm, error: ServiceError, *, labels: dict[str, str] | None = None
) -> None:
    """Put a service's words on the form's fields; what has no field there goes on top."""
    if not isinstance(error, InvalidRecord):
        form.add_error(None, str(error))
        return
    for name, said in error.errors.items():
        if name in form.fields:
            form.add_error(name, said)
            continue
        label = "" if name == NON_FIELD_ERRORS else (labels or {}).get(name, name)
        for message in said:
            form.add_error(None, f"{label.capitalize()}: {message}" if label else message)


def _is_of_people(field: ModelChoiceField[Any]) -> bool:
    return field.queryset is not None and field.queryset.model is User


def _labels(record: OwnedRecord) -> dict[str, str]:
    return {field.name: str(field.verbose_name) for field in record._meta.fields}
