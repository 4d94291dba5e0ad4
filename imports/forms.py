"""What a person tells an import: the file, how to read it, what each column means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from crm.models import User
from imports.choices import DateOrder, DuplicateStrategy, ErrorPolicy
from imports.dates import order_detect
from imports.dialect import DELIMITERS
from imports.encoding import ENCODINGS
from imports.fields import FIELDS, Field, Kind, field_of
from imports.headers import Confidence
from imports.mapping import IDENTITY, LIST_KINDS
from imports.models import ImportJob
from imports.services import NewOwner
from imports.transforms import TEXT_CHANGES

SKIP = ""
NOBODY = "nobody"
TRANSFORMS = (
    ("", "As it is"),
    ("lower", "lower case"),
    ("upper", "UPPER CASE"),
    ("title", "Title Case"),
)
SHOWN_SAMPLES = 3


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={
            "required": "Choose a file first.",
            "empty": "The file is empty. Nothing was imported.",
        },
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size and file.size > settings.IMPORT_MAX_BYTES:
            limit = filesizeformat(settings.IMPORT_MAX_BYTES)
            raise forms.ValidationError(
                f"The file is larger than {limit}. Nothing was imported. Split it and upload the "
                "parts."
            )
        return file


class ReadingForm(forms.Form):
    """How the stored file is read, where the guess was wrong."""

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(choices=list(DELIMITERS.items()), label="Columns are parted by")


class PolicyForm(forms.Form):
    """What happens to people who are known already, and to bad rows."""

    strategy = forms.ChoiceField(
        label="When the person is known already", choices=DuplicateStrategy.choices
    )
    error_policy = forms.ChoiceField(label="When rows have errors", choices=ErrorPolicy.choices)


class MappingForm(PolicyForm):
    """A field, a change of letters and a “required” mark for each column of the file."""

    date_order = forms.ChoiceField(
        label="Dates are written", choices=DateOrder.choices, required=False
    )

    owner = forms.ChoiceField(label="Owner of new records", required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        job: ImportJob,
        samples: Sequence[Sequence[str]],
        owners: Sequence[tuple[str, str]] = (),
        custom: Sequence[Field] = (),
    ) -> None:
        self._job = job
        self._custom = custom
        self._samples = samples
        super().__init__(
            data,
            initial={
                "strategy": job.duplicate_strategy,
                "error_policy": job.error_policy,
                "date_order": job.date_order,
                "owner": str(job.owner_id or NOBODY),
            },
        )
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ChoiceField)
        owner.choices = list(owners)
        choices = field_choices(job.object, custom)
        for entry in job.mapping:
            self._add_column(entry, choices)

    def _add_column(self, entry: dict[str, Any], choices: list[Any]) -> None:
        index, header = entry["index"], entry["header"]
        for name, field in (
            ("field", forms.ChoiceField(choices=choices, required=False)),
            ("transform", forms.ChoiceField(choices=TRANSFORMS, required=False)),
            ("required", forms.BooleanField(required=False)),
        ):
            field.initial = entry.get(name)
            field.widget.attrs["aria-label"] = f"{COLUMN_WORDS[name]} “{header}”"
            if name != "required":
                field.widget.attrs["class"] = "input"
            self.fields[f"{name}_{index}"] = field

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The table of the page: header, first values, controls, status."""
        return [self._column(entry) for entry in self._job.mapping]

    def _column(self, entry: dict[str, Any]) -> dict[str, Any]:
        index = entry["index"]
        bound = self[f"field_{index}"]
        return {
            "header": entry["header"],
            "samples": self._first_values(index),
            "field": bound,
            "transform": self[f"transform_{index}"],
            "required": self[f"required_{index}"],
            "status": self._status(entry, str(bound.value() or "")),
        }

    def _status(self, entry: dict[str, Any], chosen: str) -> tuple[str, str, str]:
        """A word, its tone and a sentence."""
        if not chosen:
            return "Skipped", "", "Not imported."
        if self._is_dated(chosen) and self._is_order_open(entry["index"]):
            return "Needs a choice", "err", "Say below whether the day or the month comes first."
        if chosen == entry["field"] and entry.get("confidence") == Confidence.LIKELY:
            return "Check", "warn", "Guessed; look at the values."
        return "Ready", "ok", "Recognised." if chosen == entry["field"] else "Chosen by you."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = {
            entry["index"]: cleaned.get(f"field_{entry['index']}", "")
            for entry in self._job.mapping
        }
        self._check_twice(chosen)
        fields = set(chosen.values())
        if not fields & {*IDENTITY, "full_name"}:
            raise forms.ValidationError(
                "No column names the person. Choose a column for a name, an e-mail address or a "
                "phone number."
            )
        dated = [index for index, key in chosen.items() if self._is_dated(key)]
        if not cleaned.get("date_order") and any(self._is_order_open(index) for index in dated):
            self.add_error("date_order", "Dates such as 03/04/2026 can be read two ways. Choose.")
        return cleaned

    def mapping(self) -> list[dict[str, Any]]:
        """The job's mapping as chosen; valid forms only."""
        return [
            {
                **entry,
                "field": self.cleaned_data[f"field_{entry['index']}"],
                "transform": self.cleaned_data[f"transform_{entry['index']}"],
                "required": self.cleaned_data[f"required_{entry['index']}"],
                "confidence": entry["confidence"]
                if entry["field"] == self.cleaned_data[f"field_{entry['index']}"]
                else Confidence.SURE.value,
            }
            for entry in self._job.mapping
        ]

    def new_owner(self) -> NewOwner | None:
        """Who was chosen; None where the form did not ask. Valid forms only."""
        chosen = self.cleaned_data["owner"]
        return NewOwner(None if chosen == NOBODY else int(chosen)) if chosen else None

    @property
    def asks_date_order(self) -> bool:
        return any(
            self._is_dated(str(self[f"field_{entry['index']}"].value() or ""))
            for entry in self._job.mapping
        )

    def _check_twice(self, chosen: dict[int, str]) -> None:
        taken: dict[str, int] = {}
        headers = {entry["index"]: entry["header"] for entry in self._job.mapping}
        for index, key in chosen.items():
            if key and key in taken and self._kind(key) not in LIST_KINDS:
                self.add_error(
                    f"field_{index}",
                    f"“{headers[taken[key]]}” fills this field already. Choose one of the two.",
                )
            taken.setdefault(key, index)

    def _kind(self, key: str) -> Kind | None:
        found = self._field(key)
        return found.kind if found else None

    def _is_dated(self, key: str) -> bool:
        found = self._field(key)
        return found is not None and found.is_dated

    def _field(self, key: str) -> Field | None:
        return field_of(self._job.object, key, self._custom) if key else None

    def _is_order_open(self, index: int) -> bool:
        return order_detect(self._values(index)) == DateOrder.UNKNOWN

    def _first_values(self, index: int) -> list[str]:
        """Of the same rows in every column, so that a person reads across; blank where empty."""
        rows = self._samples[:SHOWN_SAMPLES]
        return [row[index].strip() if index < len(row) else "" for row in rows]

    def _values(self, index: int) -> list[str]:
        return [row[index] for row in self._samples if index < len(row) and row[index].strip()]


def owner_choices(me: User, members: Iterable[User]) -> list[tuple[str, str]]:
    """Me first, nobody, then the other members."""
    others = [(str(member.pk), str(member)) for member in members if member.pk != me.pk]
    return [(str(me.pk), f"Me ({me})"), (NOBODY, "Nobody"), *others]


COLUMN_WORDS = {"field": "Field for", "transform": "Letters of", "required": "Required:"}


def field_choices(import_object: str, custom: Iterable[Field] = ()) -> list[Any]:
    """Fields grouped by record, as a select shows them; the workspace's own come last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for field in (*FIELDS[import_object], *custom):
        groups.setdefault(field.group, []).append((field.key, field.label))
    return [(SKIP, "Skip this column"), *groups.items()]


assert {key for key, _ in TRANSFORMS if key} == set(TEXT_CHANGES)
