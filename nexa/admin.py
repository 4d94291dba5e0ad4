"""Dresses the console pages of other apps (queue, sign-in) in our theme, read-only."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django_q.admin import FailAdmin, QueueAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, OrmQ, Schedule, Success

from crm.console import ModelAdmin, ReadOnlyAdmin

for model in (Success, Failure, OrmQ, Schedule, EmailAddress, Authenticator):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Success)
class SuccessAdmin(TaskAdmin, ReadOnlyAdmin):  # type: ignore[misc]
    """Tasks that ended well, when the queue is told to keep them."""


@admin.register(Failure)
class FailureAdmin(FailAdmin, ReadOnlyAdmin):  # type: ignore[misc]
    """Tasks that failed; the work itself is in the hub's tables and is taken up again there."""


@admin.register(OrmQ)
class QueuedAdmin(QueueAdmin, ReadOnlyAdmin):  # type: ignore[misc]
    """Wake-ups waiting in the queue."""


@admin.register(Schedule)
class ScheduledAdmin(ScheduleAdmin, ReadOnlyAdmin):  # type: ignore[misc]
    """The hub's one-minute tick; made by the program."""


@admin.register(EmailAddress)
class EmailAddressAdmin(ModelAdmin):
    """Addresses people sign in with, and whether they proved them."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("primary", "verified")
    search_fields = ("email", "user__email")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second factors; the secrets are not shown. Deleting one lets its user set up a new one."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    list_select_related = ("user",)
    exclude = ("data",)

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return True
