"""Base of the admin pages of core records: every write goes through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from crm.admin.stale import OPENED_VERSION, VersionedForm, opened_version
from crm.console import ModelAdmin
from crm.models import OwnedRecord, Record, User
from crm.services.entities import services_of
from crm.services.errors import ServiceError, StaleRecord
from crm.services.origin import Origin, by_user

KEPT_BY_SERVICES = ("version", "created_at", "updated_at")


def operator_origin(request: HttpRequest) -> Origin:
    """The ledger's origin of what an operator writes in the console."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return by_user(request.user, reason="console")


class ServiceAdmin(ModelAdmin):
    """A page whose writes go through services; what they refuse is said instead of raised."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A service's refusal is said on the page; nothing was written."""
        try:
            response: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except StaleRecord:
            # Saved by somebody between the form's look and our write: looked at again, it says so.
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except ServiceError as refusal:
            self.message_user(request, f"Nothing was saved. {refusal}", messages.ERROR)
            return redirect(request.get_full_path())
        return response


class RecordAdmin(ServiceAdmin):
    """Shows a core record, with its workspace, and writes it through crm.services.

    An edit is refused when somebody changed the record after the operator opened it.
    """

    form = VersionedForm
    change_form_before_template = "admin/opened_version.html"
    list_select_related: Any = ("workspace",)
    readonly_fields: Any = KEPT_BY_SERVICES

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A record never moves to another workspace."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "workspace") if obj else fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """A class of this request's own, which knows the version its page was opened at."""
        form: type[VersionedForm] = super().get_form(request, obj, change, **kwargs)
        form.opened_version = opened_version(request.POST.get(OPENED_VERSION, ""))
        return form

    def save_model(
        self, request: HttpRequest, obj: Record, form: forms.ModelForm[Any], change: bool
    ) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        values.pop("workspace", None)
        origin = operator_origin(request)
        if change:
            services_of(type(obj)).update(
                obj,
                values=values,
                origin=origin,
                expected_version=opened_version(request.POST.get(OPENED_VERSION, "")),
            )
            return
        create = services_of(type(obj)).create
        obj.pk = create(workspace=obj.workspace, values=values, origin=origin).pk

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is erased here: the ledger would point at nothing. Archive instead."""
        return False


class OwnedRecordAdmin(RecordAdmin):
    """A record people own: it can be archived and restored from its list."""

    actions = ("archive", "restore")
    readonly_fields: Any = (*KEPT_BY_SERVICES, "archived_at")

    @admin.action(description="Archive the selected records", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[OwnedRecord]) -> None:
        chosen = queryset.filter(archived_at=None)
        done = _each(chosen, services_of(queryset.model).archive, operator_origin(request))
        self.message_user(request, f"{done} archived. Restore takes them back.", messages.SUCCESS)

    @admin.action(description="Restore the selected records", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[OwnedRecord]) -> None:
        chosen = queryset.exclude(archived_at=None)
        done = _each(chosen, services_of(queryset.model).restore, operator_origin(request))
        self.message_user(request, f"{done} restored.", messages.SUCCESS)


def _each(records: Iterable[OwnedRecord], write: Callable[..., OwnedRecord], origin: Origin) -> int:
    written = [write(record, origin=origin) for record in records]
    return len(written)
