"""Records that integrations speak of by type and number, with or without a page of their own."""

from __future__ import annotations

from typing import Final

from django.apps import apps

from crm.models import OwnedRecord, Record, Workspace
from crm.templatetags.ui import counted
from crm.views import record_kinds
from crm.views.task_subject import record_path
from integrations.hub.panels import record_systems_path

PAGES: Final = frozenset(kind.name for kind in record_kinds.ALL)
NOUNS: Final = {kind.name: (kind.noun, kind.plural) for kind in record_kinds.ALL}


def noun_of(record_type: str) -> str:
    """What people call such a record."""
    return _nouns(record_type)[0]


def counted_records(count: int, record_type: str) -> str:
    """`2 companies`."""
    return counted(count, ",".join(_nouns(record_type)))


def _nouns(record_type: str) -> tuple[str, str]:
    """For one and for many; a word that names no type of record stands for itself."""
    model = model_of_type(record_type)
    if record_type in NOUNS:
        return NOUNS[record_type]
    if model is None:
        word = record_type.replace("_", " ")
        return word, f"{word} records"
    return str(model._meta.verbose_name), str(model._meta.verbose_name_plural)


def gone_words(record_type: str) -> str:
    """In place of the name of a record that nobody has any more."""
    noun = noun_of(record_type)
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun} that is no longer here"


def model_of_type(record_type: str) -> type[Record] | None:
    """None for a word that names no type of record."""
    try:
        model = apps.get_model("crm", record_type)
    except LookupError:
        return None
    return model if issubclass(model, Record) else None


def record_find(workspace: Workspace, record_type: str, pk: int) -> Record | None:
    """A record of the workspace, of whatever type; archived ones too."""
    model = model_of_type(record_type)
    if model is None:
        return None
    rows = model._default_manager.filter(workspace=workspace, pk=pk)
    return rows.select_related("workspace").first()


def record_key(record: Record) -> str:
    """How an address names a record: `contact-12`."""
    return f"{record._meta.model_name}-{record.pk}"


def page_of(record: Record) -> str:
    """The record's own page; what has none has the one about its connected systems."""
    if isinstance(record, OwnedRecord) and str(record._meta.model_name) in PAGES:
        return record_path(record)
    return record_systems_path(record)
