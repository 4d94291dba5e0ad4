"""How the console tells what an action did to each of the chosen rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest

from crm.admin.record import operator_origin
from crm.models import User
from integrations.hub.errors import HubError

T = TypeVar("T")


def operator_of(request: HttpRequest) -> User:
    """The signed-in operator; PermissionDenied for anybody else."""
    actor = operator_origin(request).actor
    assert actor is not None, "operator_origin names the person"
    return actor


def act_on_each(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    rows: Iterable[T],
    act: Callable[[T], object],
    done: str,
) -> None:
    """Do `act` to each row; a refusal is said for its row and the others go on."""
    count = 0
    for row in rows:
        try:
            act(row)
        except HubError as refusal:
            admin.message_user(request, f"{row}: {refusal}", messages.ERROR)
        else:
            count += 1
    if count:
        admin.message_user(request, f"{count} {done}", messages.SUCCESS)
