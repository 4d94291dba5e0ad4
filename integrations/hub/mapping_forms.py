"""Forms of a mapping: a field's row, a value, who a person is; the services check and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.apps import apps
from django.db.models import ForeignKey, QuerySet

from crm.models import CustomField, Record, User
from crm.selectors.members import members_of
from crm.services.cleaning import FIXED_FIELDS
from crm.services.ledger import CUSTOM, CUSTOM_PREFIX
from integrations.hub.errors import InvalidSettings
from integrations.hub.mapping.checks import model_of
from integrations.hub.mapping.edits import EDITABLE, field_row
from integrations.hub.mapping.steps import HELP, steps_read, steps_write
from integrations.hub.mapping.transforms import InvalidTransform
from integrations.hub.models import Connection, FieldMapping, ValueMapping
from integrations.hub.models.mapping import direction_choices, rule_choices
from integrations.hub.streams import Stream

OUR_FIELDS, THEIR_FIELDS = "our-fields", "their-fields"
UNMAPPABLE = FIXED_FIELDS | {CUSTOM, "archived_at"}


class RefusableForm(forms.Form):
    """A form that can show what a service refused."""

    def add_refusal(self, refusal: InvalidSettings) -> None:
        """Put the hub's words beside the fields they are about."""
        for name, words in refusal.errors.items():
            for sentence in words:
                self.add_error(name if name in self.fields else None, sentence)


class StepsField(forms.CharField):
    """The steps of a row, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return steps_write(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, Any]]:
        try:
            return steps_read(super().clean(value))
        except InvalidTransform as error:
            raise forms.ValidationError(str(error)) from None


class FieldMappingForm(RefusableForm):
    """One row of a mapping."""

    path = forms.CharField(
        label="Our field",
        max_length=120,
        widget=forms.TextInput(attrs={"list": OUR_FIELDS, "autocomplete": "off"}),
        help_text="Such as first_name, custom.industry or, to send only, account.name.",
    )
    external = forms.CharField(
        label="Their field",
        max_length=200,
        widget=forms.TextInput(attrs={"list": THEIR_FIELDS, "autocomplete": "off"}),
        help_text="As the vendor calls it.",
    )
    transform = StepsField(label="Steps", required=False, help_text=HELP)
    direction = forms.ChoiceField(label="Direction", choices=direction_choices)
    rule = forms.ChoiceField(
        label="When both sides changed it",
        choices=rule_choices,
        initial="last_write",
        help_text=(
            "Where two records first meet, theirs is taken unless ours wins or a person decides. "
            "For the e-mail opt-in a no wins always, and a yes over a no waits for a person."
        ),
    )
    rank = forms.IntegerField(
        label="Rank of this source",
        initial=0,
        min_value=-32768,
        max_value=32767,
        help_text="Counts when the source of higher rank wins.",
    )
    is_required = forms.BooleanField(
        label="Required: a record without it is not written", required=False
    )
    is_enforced = forms.BooleanField(
        label="Enforced: what the other side changes is written over", required=False
    )
    is_enabled = forms.BooleanField(label="In use", required=False, initial=True)

    def __init__(self, *args: Any, row: FieldMapping, **kwargs: Any) -> None:
        stored = {name: getattr(row, name) for name in EDITABLE} if row.pk else {}
        super().__init__(*args, **{"initial": stored, **kwargs})
        self.row = row

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def unsaved(self) -> FieldMapping:
        """The row as the form has it."""
        draft = FieldMapping(connection=self.row.connection, object=self.row.object)
        return field_row(draft, self.cleaned_data)


class ValueForm(RefusableForm):
    """What one of their values is here."""

    theirs = forms.CharField(label="Their value", max_length=255)
    label = forms.CharField(label="As they show it", max_length=255, required=False)
    ours = forms.CharField(
        label="Our value",
        max_length=255,
        required=False,
        help_text="Leave it empty while it has no counterpart here.",
    )
    order = forms.IntegerField(
        label="Place",
        initial=0,
        min_value=0,
        max_value=32767,
        help_text="Of several that are the same here, the first is sent.",
    )

    is_new_list = forms.BooleanField(label="Make a new list")

    def __init__(
        self,
        *args: Any,
        row: ValueMapping,
        choices: list[tuple[str, str]],
        is_new_list: bool = False,
        **kwargs: Any,
    ) -> None:
        names = ("theirs", "label", "ours", "order")
        stored = {name: getattr(row, name) for name in names} if row.pk else {}
        super().__init__(*args, **{"initial": stored, **kwargs})
        if is_new_list:
            # A slip in an address would otherwise make a list that nothing uses.
            self.fields[
                "is_new_list"
            ].help_text = (
                f"There is no list {row.name} yet. A field uses it once its steps name it."
            )
        else:
            del self.fields["is_new_list"]
        if choices:
            known = [value for value, _ in choices]
            odd = [(row.ours, row.ours)] if row.ours and row.ours not in known else []
            self.fields["ours"] = forms.ChoiceField(
                label="Our value",
                choices=[("", "No counterpart"), *choices, *odd],
                required=False,
                help_text=self.fields["ours"].help_text,
            )


class MemberField(forms.ModelChoiceField[User]):
    """A member of the workspace."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(User.objects.none(), *args, **kwargs)


class OwnerForm(RefusableForm):
    """Who a person at the vendor is here."""

    user = MemberField(required=False, empty_label="Nobody: their records go to the admin")

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _members_offer(self, "user", members_of(connection.workspace))


class UnmappedOwnerForm(RefusableForm):
    """Who gets the records of people who are nobody here."""

    unmapped_owner = MemberField(
        label="Records of people who are nobody here go to",
        required=False,
        empty_label="The workspace's first admin",
    )

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        stored = {"unmapped_owner": connection.unmapped_owner_id}
        super().__init__(*args, **{"initial": stored, **kwargs})
        _members_offer(self, "unmapped_owner", members_of(connection.workspace))


def our_fields(connection: Connection, stream: Stream) -> list[tuple[str, str]]:
    """The paths a row may name, with their words: own fields, linked names, custom fields."""
    model = model_of(stream)
    found = []
    for one in model._meta.concrete_fields:
        if one.name in UNMAPPABLE or one.name.endswith("_raw"):
            continue
        found.append((one.name, str(one.verbose_name)))
        related = one.related_model
        if (
            isinstance(one, ForeignKey)
            and isinstance(related, type)
            and issubclass(related, Record | User)
        ):
            names = {inner.name for inner in related._meta.concrete_fields}
            found += [
                (f"{one.name}.{name}", f"{one.verbose_name}: {name}")
                for name in ("name", "email")
                if name in names
            ]
    custom = CustomField.objects.filter(
        workspace=connection.workspace_id, record_type=stream.record_type
    )
    return found + [(f"{CUSTOM_PREFIX}{one.key}", one.label) for one in custom]


def value_choices(field: Any, kind: str, connection: Connection) -> list[tuple[str, str]]:
    """What a field of ours that a list of values is about can hold; none when it is free."""
    if kind == "reference" and isinstance(field, ForeignKey):
        model = apps.get_model(field.related_model._meta.label)
        rows: QuerySet[Any] = model._default_manager.filter(workspace=connection.workspace_id)
        links = [one.name for one in model._meta.concrete_fields if one.name == "pipeline"]
        rows = rows.select_related(*links).order_by(*links, "order", "pk") if links else rows
        return [
            (str(row.pk), f"{row.pipeline}: {row}" if links else str(row)) for row in rows[:500]
        ]
    return [(str(value), str(label)) for value, label in field.flatchoices]


def _members_offer(form: forms.Form, name: str, members: QuerySet[User]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = members
