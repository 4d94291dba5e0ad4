"""Users, workspaces and roles."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from crm.admin.record import ServiceAdmin
from crm.choices import Role
from crm.console import ModelAdmin, ReadOnlyInline
from crm.models import Membership, User, Workspace
from crm.services.errors import ServiceError
from crm.services.people import membership_remove, membership_set
from crm.services.pipelines import pipeline_create_default

admin.site.unregister(Group)


class MembershipInline(ReadOnlyInline):
    """Who is where; changed on the membership's own page, which keeps an owner in place."""

    model = Membership


@admin.register(User)
class UserAdmin(BaseUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """People who sign in; operators are those with console access."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "workspaces")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    ordering = ("email",)
    filter_horizontal = ()
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        ("Preferences", {"fields": ("time_zone", "locale")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),
    )


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):
    """Companies on this installation; none is erased here, since all of its records would go."""

    list_display = ("name", "slug", "currency", "time_zone", "default_country", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("bcc_address_key", "created_at")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def save_model(
        self, request: HttpRequest, obj: Workspace, form: ModelForm[Workspace], change: bool
    ) -> None:
        """A new workspace can be worked in at once: its maker owns it and it has a pipeline."""
        super().save_model(request, obj, form, change)
        if not change:
            if not isinstance(request.user, User):
                raise PermissionDenied
            membership_set(workspace=obj, user=request.user, role=Role.OWNER)
            pipeline_create_default(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(ServiceAdmin):
    """Who has which role where; a workspace always keeps an owner."""

    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role", "workspace")
    search_fields = ("user__email", "user__name", "workspace__name")
    list_select_related = ("user", "workspace")
    autocomplete_fields = ("user", "workspace")
    actions = ("take_out",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Membership | None = None
    ) -> tuple[str, ...]:
        return ("user", "workspace") if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm[Membership], change: bool
    ) -> None:
        obj.pk = membership_set(workspace=obj.workspace, user=obj.user, role=obj.role).pk

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        """Taking somebody out has an action of its own, which keeps an owner."""
        return False

    @admin.action(
        description="Take the selected people out of their workspace", permissions=["change"]
    )
    def take_out(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("workspace", "user"):
            try:
                membership_remove(workspace=membership.workspace, user=membership.user)
            except ServiceError as refusal:
                self.message_user(request, f"{membership}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{membership.user} is out.", messages.SUCCESS)
