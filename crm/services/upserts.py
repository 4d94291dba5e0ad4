"""Keeps a document of a billing system: created when first seen, updated after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import IntegrityError

from crm.models import Workspace
from crm.models.billing import BillingDocument
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.records import record_create

D = TypeVar("D", bound=BillingDocument)


def document_find(
    model: type[D], workspace: Workspace, *, source: str, external_id: str
) -> D | None:
    """The document, locked until the transaction ends."""
    rows = model._default_manager.select_for_update(of=("self",), no_key=True).select_related(
        "workspace"
    )
    return rows.filter(workspace=workspace, source=source, external_id=external_id).first()


def document_create(
    model: type[D], workspace: Workspace, values: Mapping[str, Any], *, origin: Origin
) -> tuple[D, bool]:
    """Create the document, or find the one that somebody else made meanwhile."""
    try:
        return record_create(model, workspace=workspace, values=values, origin=origin), True
    except InvalidRecord as error:
        made = document_find(
            model, workspace, source=values["source"], external_id=values["external_id"]
        )
        if made is None or not isinstance(error.__cause__, IntegrityError):
            raise
        return made, False
