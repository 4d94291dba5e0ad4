"""Template tags of the CRM's own pages: addresses of records."""

from __future__ import annotations

from django import template

from crm.access import Action, is_allowed
from crm.models import Membership, OwnedRecord
from crm.views.history import key_words
from crm.views.kinds import RecordKind
from crm.views.task_subject import record_path, task_subject

register = template.Library()


@register.simple_tag
def record_url(kind: RecordKind, page: str, record: OwnedRecord | None = None) -> str:
    """`{% record_url kind "edit" contact %}`, `{% record_url kind "list" as list_url %}`."""
    return kind.url(page, record)


register.filter("key_words", key_words)
register.filter("page_of", record_path)
register.filter("task_subject", task_subject)


@register.filter
def web_url(address: str) -> str:
    """The address if a browser may follow it (stored ones come from files and vendors), else ''."""
    return address if str(address).lower().startswith(("https://", "http://")) else ""


@register.filter
def may_edit(membership: Membership | None, record: OwnedRecord) -> bool:
    """Whether buttons that change the record are offered to the member."""
    return not record.is_archived and is_allowed(membership, Action.EDIT, record)
