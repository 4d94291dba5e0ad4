"""Who may look at connections, and who may connect, change and disconnect."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from crm.access import Action, is_allowed
from crm.api.permissions import membership_of


class ConnectPermission(BasePermission):
    """Everybody in the workspace may look; admins and owners act."""

    message = "Only admins and owners of this workspace may connect and sync systems."

    def has_permission(self, request: Request, view: APIView) -> bool:
        action = Action.VIEW if request.method in SAFE_METHODS else Action.CONNECT
        return is_allowed(membership_of(request), action)
