"""The API's door-keeper: the same roles as the pages."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from crm.access import Action, is_allowed


class WorkspacePermission(BasePermission):
    """Readers read, members edit what is theirs or nobody's."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        action = Action.VIEW if request.method in {"GET", "HEAD", "OPTIONS"} else Action.EDIT
        return is_allowed(getattr(request, "membership", None), action)
