"""Campaigns, lists, forms and property listings."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.record import OwnedRecordAdmin
from crm.console import ReadOnlyAdmin
from crm.models import Campaign, ContactList, FormSubmission, Property, WebForm


@admin.register(Campaign)
class CampaignAdmin(OwnedRecordAdmin):
    """Mailings and their figures."""

    list_display = ("name", "workspace", "status", "sent_at", "total_sent", "opens", "clicks")
    list_filter = ("workspace", "status", "channel")
    search_fields = ("name",)
    autocomplete_fields = ("workspace", "owner")


@admin.register(ContactList)
class ContactListAdmin(OwnedRecordAdmin):
    """Groups of contacts and how far they are synced."""

    list_display = ("name", "workspace", "kind", "sync_status", "synced_count", "last_synced_at")
    list_filter = ("workspace", "kind", "sync_status")
    search_fields = ("name",)
    autocomplete_fields = ("workspace", "owner")


@admin.register(WebForm)
class WebFormAdmin(OwnedRecordAdmin):
    """Forms on websites."""

    list_display = ("name", "slug", "workspace", "target_list", "lead_owner", "is_active")
    list_filter = ("workspace", "is_active")
    search_fields = ("name", "slug")
    list_select_related = ("workspace", "target_list", "lead_owner")
    autocomplete_fields = ("workspace", "owner", "target_list", "lead_owner")


@admin.register(FormSubmission)
class FormSubmissionAdmin(ReadOnlyAdmin):
    """Forms as they were filled in."""

    list_display = ("created_at", "form", "workspace", "lead", "is_spam")
    list_filter = ("workspace", "is_spam")
    search_fields = ("=submission_key",)
    list_select_related = ("workspace", "form", "lead")


@admin.register(Property)
class PropertyAdmin(OwnedRecordAdmin):
    """Listings."""

    list_display = ("title", "workspace", "price", "currency", "city", "status", "dealer")
    list_filter = ("workspace", "status", "city")
    search_fields = ("title", "city", "locality")
    list_select_related = ("workspace", "dealer")
    autocomplete_fields = ("workspace", "owner", "owner_contact", "dealer")
