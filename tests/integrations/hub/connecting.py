"""How people connect an account, and act while the vendor takes its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection as database
from werkzeug.wrappers import Request

from crm.models import User, Workspace
from integrations.hub import connections
from integrations.hub.models import Connection
from tests.integrations.hub import echo


def connect(workspace: Workspace, actor: User, **values: Any) -> Connection:
    given: dict[str, Any] = {
        "provider_id": "echo",
        "name": "Echo",
        "credentials": {"api_key": echo.API_KEY},
        "settings": {},
    }
    return connections.connection_create(workspace=workspace, actor=actor, **(given | values))


def meanwhile(act: Callable[[], object]) -> echo.Answer:
    """A colleague acts while the vendor takes its time; then it answers as usual."""

    def answer(request: Request) -> None:
        try:
            act()
        finally:
            database.close()

    return answer
