"""What the pages of one record type need to know; crm/views/records.py serves them all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from crm.forms.record import RecordForm
from crm.models import OwnedRecord, Workspace
from crm.services.entities import EntityServices, services_of
from crm.views.doors import WorkspaceRequest
from crm.views.listing import Listing

Context = dict[str, Any]


@dataclass(frozen=True)
class RecordKind:
    """One record type: its words, rows, form and page.

    `records` gives live and archived rows of a workspace with what a page shows joined.
    `prefill` are links a new record's form may be opened with: `/contacts/new/?account=12`.
    """

    model: type[OwnedRecord]
    name: str
    segment: str
    noun: str
    plural: str
    icon: str
    records: Callable[[Workspace], QuerySet[Any]]
    listing: Listing
    form: type[RecordForm]
    page: Callable[[WorkspaceRequest, Any], Context]
    empty_text: str
    archive_effect: str
    prefill: Mapping[str, str] = field(default_factory=dict)
    has_import: bool = False
    after_create: Callable[[Any], str] | None = None

    @property
    def services(self) -> EntityServices:
        return services_of(self.model)

    @property
    def title(self) -> str:
        return self.plural.capitalize()

    @property
    def nouns(self) -> str:
        """What the filter `counted` takes: `company,companies`."""
        return f"{self.noun},{self.plural}"

    @property
    def folder(self) -> str:
        """Where the type's own templates are."""
        return f"crm/{self.segment}"

    @property
    def table_template(self) -> str:
        return f"{self.folder}/_table.html"

    def url(self, page: str, record: OwnedRecord | None = None) -> str:
        """`url("list")`, `url("detail", contact)`."""
        return reverse(f"crm:{self.name}_{page}", args=[record.pk] if record else None)
