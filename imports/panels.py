"""Tells the CRM's pages where the import that wrote a record is shown."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from crm.access import Action, is_allowed
from crm.choices import OriginKind
from crm.panels import origin_links


def import_url(request: HttpRequest, origin_id: str) -> str:
    """Empty for who may not look at imports."""
    may_look = is_allowed(getattr(request, "membership", None), Action.IMPORT)
    if not (may_look and origin_id.isdecimal()):
        return ""
    return reverse("imports:import_detail", args=[int(origin_id)])


origin_links[OriginKind.IMPORT] = import_url
