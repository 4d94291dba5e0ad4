"""The API's door-keeper: it asks crm.access, as the pages do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from crm.access import Action, is_allowed, require
from crm.models import Membership, OwnedRecord
from crm.services.errors import ServiceError

if TYPE_CHECKING:
    # DRF's views import this module through settings.
    from rest_framework.views import APIView


class WorkspacePermission(BasePermission):
    """Viewers read; members edit what is theirs or nobody's; managers edit everything."""

    message = "Your role in this workspace does not allow that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return is_allowed(membership_of(request), _action(request))

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return is_allowed(membership_of(request), _action(request), obj)


def membership_of(request: Request) -> Membership | None:
    """The membership the workspace middleware found for the signed-in person."""
    membership: Membership | None = getattr(request._request, "membership", None)
    return membership


def require_edit(request: Request, record: OwnedRecord) -> None:
    """Refuse, in words, what the person may not change and what is archived."""
    require(membership_of(request), Action.EDIT, record)
    if record.is_archived:
        noun = record._meta.verbose_name
        raise ServiceError(f"This {noun} is archived. Restore it first.")


def _action(request: Request) -> Action:
    return Action.VIEW if request.method in SAFE_METHODS else Action.EDIT
