"""Mappings in the console: fields, values and people; edited through the services only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from crm.console import ModelAdmin, Textarea
from crm.models import User
from crm.selectors.members import members_of
from integrations.hub import registry
from integrations.hub.admin.answers import operator_of
from integrations.hub.errors import InvalidSettings
from integrations.hub.mapping.asking import fields_ask
from integrations.hub.mapping.checks import value_check
from integrations.hub.mapping.edits import (
    EDITABLE,
    field_check,
    field_create,
    field_delete,
    field_row,
    field_update,
)
from integrations.hub.mapping.preview import Preview, row_preview
from integrations.hub.mapping.steps import HELP, steps_write
from integrations.hub.mapping.transforms import InvalidTransform
from integrations.hub.mapping.values import owner_set, value_create, value_delete, value_update
from integrations.hub.mapping_forms import StepsField
from integrations.hub.models import Connection, FieldMapping, OwnershipMapping, ValueMapping
from integrations.hub.streams import ExternalField, Stream

PREVIEW = "_preview"


class FieldForm(forms.ModelForm[FieldMapping]):
    """A row as the operator has it; with the preview's button it is shown and not saved."""

    transform = StepsField(
        label="Steps",
        required=False,
        help_text=HELP,
        widget=Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    preview: Preview | None = None
    their_fields: tuple[ExternalField, ...] = ()

    class Meta:
        model = FieldMapping
        fields = ("connection", "object", *EDITABLE)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        stream = self._stream()
        if stream is None or self.errors:
            return values
        row = self._draft()
        try:
            if PREVIEW in self.data:
                self.preview = row_preview(row, stream)
                raise ValidationError(
                    "This is a preview, at the end of the page: nothing is saved."
                )
            self.their_fields = tuple(fields_ask(row.connection, stream))
            field_check(row, stream, fields=self.their_fields)
        except InvalidTransform as refusal:
            self.add_error("transform", str(refusal))
        except InvalidSettings as refusal:
            _refuse(self, refusal)
        return values

    def _post_clean(self) -> None:
        """The model's own checks are the services', and stand beside their fields already."""

    def _draft(self) -> FieldMapping:
        values = self.cleaned_data
        connection = values.get("connection") or self.instance.connection
        draft = FieldMapping(
            pk=self.instance.pk,
            connection=connection,
            object=values.get("object") or self.instance.object,
        )
        return field_row(draft, values)

    def _stream(self) -> Stream | None:
        connection = self.cleaned_data.get("connection") or getattr(
            self.instance, "connection", None
        )
        if connection is None:
            return None
        name = self.cleaned_data.get("object") or self.instance.object
        declared = registry.find(connection.provider)
        stream = declared.stream(name) if declared else None
        if stream is None:
            known = ", ".join(one.object for one in declared.streams) if declared else ""
            words = f"{connection.provider_name} keeps {known or 'nothing'} in step."
            self.add_error("object" if "object" in self.fields else None, words)
        return stream


class ServicesAdmin(ModelAdmin):
    """Rows of a mapping: written, checked and remembered by the services."""

    list_select_related: tuple[str, ...] = ("connection",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A row of another connection is another row."""
        return ("connection",) if obj is not None else ()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


@admin.register(FieldMapping)
class FieldMappingAdmin(ServicesAdmin):
    """Which field here is which field there; tried on a real record before it is saved."""

    form = FieldForm
    change_form_after_template = "admin/mapping_preview.html"
    list_display = (
        *("path", "external", "connection", "object", "steps", "direction", "rule"),
        "is_enabled",
    )
    list_filter = ("connection", "object", "direction", "rule", "is_enabled")
    search_fields = ("path", "external", "connection__name")
    ordering = ("connection", "object", "order", "id")
    fieldsets = (
        (None, {"fields": ("connection", "object", "path", "external", "transform")}),
        ("Travel", {"fields": ("direction", "rule", "rank", "order")}),
        ("Limits", {"fields": ("is_required", "is_enforced", "is_enabled")}),
    )

    @admin.display(description="Steps")
    def steps(self, row: FieldMapping) -> str:
        return steps_write(row.transform) or "text"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("connection", "object") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor, values = operator_of(request), dict(form.cleaned_data)
        if change:
            field_update(obj, values=values, actor=actor, fields=form.their_fields)
            return
        connection: Connection = values["connection"]
        stream = connection.declaration.stream(values["object"])
        assert stream is not None, "the form has looked it up"
        made = field_create(
            connection, stream, values=values, actor=actor, fields=form.their_fields
        )
        obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        field_delete(obj, actor=operator_of(request))


class ValueMappingForm(forms.ModelForm[ValueMapping]):
    """One value of a list."""

    class Meta:
        model = ValueMapping
        fields = ("connection", "name", "theirs", "label", "ours", "order")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        connection = values.get("connection") or getattr(self.instance, "connection", None)
        if connection is not None and not self.errors:
            kept = {**values, "connection": connection}
            try:
                value_check(ValueMapping(pk=self.instance.pk, **kept))
            except InvalidSettings as refusal:
                _refuse(self, refusal)
        return values

    def _post_clean(self) -> None:
        """As for fields."""


@admin.register(ValueMapping)
class ValueMappingAdmin(ServicesAdmin):
    """Which value here is which value there."""

    form = ValueMappingForm
    list_display = ("shown", "name", "ours", "connection", "order", "is_automatic")
    list_filter = ("connection", "name", "is_automatic")
    search_fields = ("theirs", "label", "=ours", "connection__name")
    ordering = ("connection", "name", "order", "id")

    @admin.display(description="Their value", ordering="theirs")
    def shown(self, row: ValueMapping) -> str:
        return f"{row.label} ({row.theirs})" if row.label else row.theirs

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor, values = operator_of(request), dict(form.cleaned_data)
        if change:
            value_update(obj, values=values, actor=actor)
        else:
            obj.pk = value_create(values.pop("connection"), values=values, actor=actor).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        value_delete(obj, actor=operator_of(request))


class OwnershipForm(forms.ModelForm[OwnershipMapping]):
    """Who a person at the vendor is here; members of the workspace are offered."""

    class Meta:
        model = OwnershipMapping
        fields = ("user",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("user")
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = members_of(self.instance.connection.workspace)
            field.empty_label = "Nobody: their records go to the admin"


@admin.register(OwnershipMapping)
class OwnershipMappingAdmin(ServicesAdmin):
    """The people of a vendor; fetched by the hub, matched by e-mail or by hand."""

    form = OwnershipForm
    list_display = (
        *("external_name", "external_email", "user", "connection", "is_automatic", "is_active"),
    )
    list_filter = ("connection", "is_automatic", "is_active")
    search_fields = ("external_name", "external_email", "=external_id", "user__email")
    list_select_related = ("connection", "user")
    ordering = ("connection", "external_name", "id")
    fields = (
        *("connection", "external_name", "external_email", "external_id", "is_active"),
        *("is_automatic", "user"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name != "user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        chosen: User | None = form.cleaned_data["user"]
        owner_set(obj, user=chosen, actor=operator_of(request))


def _refuse(form: forms.ModelForm[Any], refusal: InvalidSettings) -> None:
    for name, words in refusal.errors.items():
        for sentence in words:
            form.add_error(name if name in form.fields else None, sentence)
