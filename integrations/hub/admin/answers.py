"""How the console asks before it gives rows up, and tells what an action did to each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin, helpers
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from crm.admin.record import operator_origin
from crm.models import User
from integrations.hub.errors import HubError

M = TypeVar("M", bound=Model)
CONFIRMED = "confirmed"
NAMED = 3
LINKED = 100


@dataclass(frozen=True)
class Words:
    """How an action speaks of its rows: `one` and `many` are nouns."""

    one: str
    many: str
    done: str

    def count(self, number: int) -> str:
        return f"{number} {self.one if number == 1 else self.many}"


def operator_of(request: HttpRequest) -> User:
    """The signed-in operator; PermissionDenied for anybody else."""
    actor = operator_origin(request).actor
    assert actor is not None, "operator_origin names the person"
    return actor


def act_on_each(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[M],
    act: Callable[[M], object],
    words: Words,
) -> None:
    """Do `act` to each row; what is refused is said with its reason and the others go on."""
    done: list[M] = []
    refused: dict[str, list[M]] = defaultdict(list)
    for row in rows:
        try:
            act(row)
        except HubError as refusal:
            refused[str(refusal)].append(row)
        else:
            done.append(row)
    for reason, left in refused.items():
        named = ", ".join(f"{words.one} {row.pk}" for row in left[:NAMED])
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        admin.message_user(request, f"Left alone: {named}{more}. {reason}", messages.ERROR)
    if done:
        _tell(admin, request, done, words)


def confirmation(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[M],
    *,
    action: str,
    state: str,
    words: Words,
) -> TemplateResponse | None:
    """The page that says what giving up will do; None once the operator has confirmed it."""
    if CONFIRMED in request.POST:
        return None
    chosen = admin.model._default_manager.filter(pk__in=rows.values("pk"))
    by_connection = (
        chosen.values("connection__name", "connection__workspace__name")
        .annotate(
            affected=Count("pk", filter=Q(state=state)), left=Count("pk", filter=~Q(state=state))
        )
        .order_by("connection__workspace__name", "connection__name")
    )
    lines = list(by_connection)
    affected = sum(line["affected"] for line in lines)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Give up {words.count(affected)}?",
        "opts": admin.model._meta,
        "lines": lines,
        "affected": affected,
        "counted": words.count(affected),
        "words": words,
        "action": action,
        "confirmed": CONFIRMED,
        "chosen": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
        "is_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "admin/give_up.html", context)


def _tell(admin: ModelAdmin[Any], request: HttpRequest, done: list[M], words: Words) -> None:
    """How many and what happens next, with a link to exactly these rows."""
    meta = admin.model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    if len(done) <= LINKED:
        address += "?id__in=" + ",".join(str(row.pk) for row in done)
    said = f"{words.count(len(done))} {words.done}"
    link = "Show it" if len(done) == 1 else "Show them"
    linked = format_html('{} <a class="underline" href="{}">{}</a>', said, address, link)
    admin.message_user(request, linked, messages.SUCCESS)
