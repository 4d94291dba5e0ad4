"""The console's menu: every page once, under the heading an operator looks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from integrations.hub.overview import DeadCounts, dead_counts


@dataclass(frozen=True)
class Entry:
    """A page of the menu: `model` is app.model, `title` what an operator calls its rows."""

    model: str
    title: str
    icon: str


GROUPS: dict[str, tuple[Entry, ...]] = {
    "Integrations": (
        Entry("hub.connection", "Connections", "power"),
        Entry("hub.oauthapplication", "OAuth applications", "vpn_key"),
        Entry("hub.syncjob", "Sync jobs", "outbox"),
        Entry("hub.inboxevent", "Inbox events", "inbox"),
        Entry("hub.syncrun", "Sync runs", "history"),
        Entry("hub.attempt", "Attempts", "replay"),
        Entry("hub.syncrecord", "Sync records", "link"),
        Entry("hub.syncstate", "Streams", "sync"),
        Entry("hub.quarantineditem", "Set aside", "report"),
        Entry("hub.writeintent", "Write intents", "edit_note"),
        Entry("hub.appliedfact", "Applied facts", "done_all"),
        Entry("hub.webhookrefusal", "Refused web-hooks", "block"),
    ),
    "Mapping": (
        Entry("hub.syncconflict", "Conflicts", "call_split"),
        Entry("hub.fieldmapping", "Fields", "swap_horiz"),
        Entry("hub.valuemapping", "Values", "checklist"),
        Entry("hub.ownershipmapping", "People of vendors", "groups"),
    ),
    "Records": (
        Entry("crm.contact", "Contacts", "person"),
        Entry("crm.account", "Companies (accounts)", "business"),
        Entry("crm.lead", "Leads", "person_search"),
        Entry("crm.deal", "Deals", "handshake"),
        Entry("crm.product", "Products", "inventory_2"),
        Entry("crm.property", "Properties", "home"),
        Entry("crm.change", "Ledger of changes", "receipt_long"),
    ),
    "Imports and exports": (
        Entry("imports.importjob", "Imports", "upload"),
        Entry("imports.importproblem", "Import problems", "report"),
        Entry("imports.exportjob", "Exports", "download"),
    ),
    "Work": (
        Entry("crm.task", "Tasks", "task_alt"),
        Entry("crm.ticket", "Tickets", "support_agent"),
        Entry("crm.alert", "Alerts", "notifications"),
        Entry("crm.activity", "Activities", "timeline"),
        Entry("crm.meeting", "Meetings", "event"),
        Entry("crm.emailmessage", "E-mail messages", "mail"),
    ),
    "Marketing": (
        Entry("crm.campaign", "Campaigns", "campaign"),
        Entry("crm.contactlist", "Contact lists", "list"),
        Entry("crm.webform", "Web forms", "dynamic_form"),
        Entry("crm.formsubmission", "Form submissions", "assignment_turned_in"),
    ),
    "Billing": (
        Entry("crm.subscription", "Subscriptions", "autorenew"),
        Entry("crm.invoice", "Invoices", "receipt"),
        Entry("crm.payment", "Payments", "payments"),
        Entry("crm.refund", "Refunds", "undo"),
    ),
    "Settings": (
        Entry("crm.workspace", "Workspaces", "domain"),
        Entry("crm.pipeline", "Pipelines", "filter_alt"),
        Entry("crm.stage", "Stages", "view_week"),
        Entry("crm.rulepoints", "Rule points", "tune"),
        Entry("crm.customfield", "Custom fields", "text_fields"),
        Entry("crm.savedview", "Saved views", "bookmark"),
    ),
    "People and access": (
        Entry("crm.user", "Users", "group"),
        Entry("crm.membership", "Memberships and roles", "badge"),
        Entry("account.emailaddress", "Sign-in e-mail addresses", "alternate_email"),
        Entry("mfa.authenticator", "Second factors", "key"),
    ),
    "Machinery": (
        Entry("hub.hubheartbeat", "Heartbeats", "monitor_heart"),
        Entry("hub.failedround", "Failing rounds", "sync_problem"),
        Entry("django_q.schedule", "Schedules", "schedule"),
        Entry("django_q.ormq", "Queued wake-ups", "hourglass"),
        Entry("django_q.failure", "Failed wake-ups", "error"),
        Entry("django_q.success", "Finished wake-ups", "check_circle"),
        Entry("hub.namedlease", "Leases", "lock_clock"),
        Entry("hub.ratebucket", "Rate limits", "speed"),
        Entry("hub.wake", "Wake-up flag", "alarm"),
    ),
}
ALWAYS_OPEN = ("", "Integrations", "Records")
TITLES = {entry.model: entry.title for entries in GROUPS.values() for entry in entries}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What the theme draws; only pages the person may see, one query for the badges."""
    groups = [_group(request, title, entries) for title, entries in _all_groups().items()]
    shown = [group for group in groups if group["items"]]
    _badge(shown)
    overview = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    return [{"title": "", "items": [overview], "is_open": True}, *shown]


def _all_groups() -> dict[str, tuple[Entry, ...]]:
    """Pages that are named nowhere above, such as a provider's own, come last."""
    more = tuple(
        Entry(model._meta.label_lower, str(model._meta.verbose_name_plural).capitalize(), "circle")
        for model in admin.site._registry
        if model._meta.label_lower not in TITLES
    )
    return {**GROUPS, "More": more}


def _group(request: HttpRequest, title: str, entries: tuple[Entry, ...]) -> dict[str, Any]:
    items = [_item(entry) for entry in entries if _may_see(request, entry)]
    is_here = any(request.path.startswith(item["link"]) for item in items)
    return {"title": title, "items": items, "is_open": is_here or title in ALWAYS_OPEN}


def _item(entry: Entry) -> dict[str, Any]:
    name = entry.model.replace(".", "_")
    return {
        "model": entry.model,
        "title": entry.title,
        "icon": entry.icon,
        "link": reverse(f"admin:{name}_changelist"),
    }


def _may_see(request: HttpRequest, entry: Entry) -> bool:
    model = apps.get_model(entry.model)
    return bool(admin.site.get_model_admin(model).has_view_or_change_permission(request))


def _badge(groups: list[dict[str, Any]]) -> None:
    """How many rows are dead, beside the lists that hold them."""
    items = {item["model"]: item for group in groups for item in group["items"]}
    if not {"hub.syncjob", "hub.inboxevent"} & set(items):
        return
    dead: DeadCounts = dead_counts()
    for model, count in (("hub.syncjob", dead.jobs), ("hub.inboxevent", dead.events)):
        if count and model in items:
            items[model]["badge"] = str(count)
            items[model]["badge_words"] = f"{count} dead"
