"""What every page knows: the workspace and the person's role in it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from crm.access import Action, is_allowed


def workspace(request: HttpRequest) -> dict[str, Any]:
    membership = getattr(request, "membership", None)
    return {
        "workspace": getattr(request, "workspace", None),
        "membership": membership,
        "may": {action.name.lower(): is_allowed(membership, action) for action in Action},
        "environment_label": settings.ENVIRONMENT_LABEL,
    }
