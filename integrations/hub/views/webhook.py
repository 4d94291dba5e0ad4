"""The door for vendors: verify the raw bytes, keep, commit, answer; nothing is processed here."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from integrations.hub import inbox, registry
from integrations.hub.errors import Unverified
from integrations.hub.inbox.keep import events_of
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import RawRequest

logger = logging.getLogger("integrations.hub.webhook")

# Written out, since building this query anew for each call costs as much as running it.
LOOKUP = """
SELECT id, name, provider, state, credentials, settings, workspace_id
FROM hub_connection WHERE webhook_key = %s AND provider = %s
"""
RETRY_AFTER_SECONDS = "30"


@csrf_exempt
def webhook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """2xx only once the events are committed; 503, which vendors retry, when they cannot be."""
    if request.method not in ("POST", "GET", "HEAD"):
        return _answer(405, "Send events here by POST.", Allow="POST, GET, HEAD")
    try:
        connection = _connection(provider, key)
        if connection is None:
            return _answer(404, "No such web-hook.")
        if connection.state == ConnectionState.DISABLED:
            return _answer(410, "This connection was removed.")
        if request.method != "POST":
            # Some vendors look whether the address exists before they save it.
            return _answer(200, "Send events here by POST.")
        return _receive(request, connection)
    except DatabaseError:
        logger.exception("web-hook of %s could not be stored", provider)
        return _answer(503, "Not stored; send it again.", **{"Retry-After": RETRY_AFTER_SECONDS})


def _connection(provider: str, key: str) -> Connection | None:
    if registry.find(provider) is None:
        return None
    return next(iter(Connection.objects.raw(LOOKUP, [key, provider])), None)


def _receive(request: HttpRequest, connection: Connection) -> HttpResponse:
    body = _body(request)
    if body is None:
        return _answer(413, f"More than {settings.WEBHOOK_MAX_BYTES} bytes.")
    raw = RawRequest(
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: str(value) for name, value in request.GET.items()},
        path=request.path,
    )
    refusal = _refusal(connection, raw)
    if refusal:
        inbox.refusal_count(connection, refusal)
        return _answer(400, "The sender could not be verified.")
    inbox.keep(connection, raw, events_of(connection, raw))
    return _answer(200, "ok")


def _body(request: HttpRequest) -> bytes | None:
    """The raw bytes; None when there are more than we take."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.WEBHOOK_MAX_BYTES:
        return None
    body: bytes = request.read(settings.WEBHOOK_MAX_BYTES + 1)
    return body if len(body) <= settings.WEBHOOK_MAX_BYTES else None


def _refusal(connection: Connection, raw: RawRequest) -> str:
    """Why the sender is not proved; empty when it is."""
    declared = connection.declaration.webhook
    if declared is None:
        return "the provider takes no web-hooks"
    try:
        declared.verify(raw, connection)
    except Unverified as reason:
        return str(reason)
    except Exception:  # the boundary: what a stranger sends must not be answered with our error
        logger.exception("verifying a web-hook of %s failed", connection.provider)
        return "the verification failed with an error"
    return ""


def _answer(status: int, words: str, **headers: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain", headers=headers)
