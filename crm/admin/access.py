"""Users, workspaces and roles."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from crm.console import ModelAdmin, TabularInline
from crm.models import Membership, User, Workspace

admin.site.unregister(Group)


class MembershipInline(TabularInline):
    model = Membership
    autocomplete_fields = ("user", "workspace")


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
    """Companies on this installation."""

    list_display = ("name", "slug", "currency", "time_zone", "default_country", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("bcc_address_key", "created_at")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who has which role where."""

    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role", "workspace")
    search_fields = ("user__email", "user__name", "workspace__name")
    list_select_related = ("user", "workspace")
    autocomplete_fields = ("user", "workspace")
