"""The door for vendors: verify the raw bytes, keep, commit, answer; nothing is processed here."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from integrations.hub import inbox
from integrations.hub.errors import Unverified
from integrations.hub.inbox import pressure
from integrations.hub.inbox.keep import events_of
from integrations.hub.inbox.senders import Sender, sender_read, sender_remembered
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.types import RawRequest

logger = logging.getLogger("integrations.hub.webhook")

RETRY_AFTER_SECONDS = "30"


@csrf_exempt
def webhook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """2xx only once the events are committed; 503, which vendors retry, when they cannot be.

    Also 503 while more events wait than are taken on, in all or for this connection.
    """
    if request.method not in ("POST", "GET", "HEAD"):
        return _answer(405, "Send events here by POST.", Allow="POST, GET, HEAD")
    try:
        if request.method == "POST":
            if pressure.is_full():
                return _unstored()
            return _receive(request, provider, key)
        # Some vendors look whether the address exists before they save it.
        sender = sender_read(provider, key)
        if sender is None or sender.connection.state == ConnectionState.DISABLED:
            return _absence(sender)
        return _answer(200, "Send events here by POST.")
    except DatabaseError:
        logger.exception("web-hook of %s could not be stored", provider)
        return _unstored()


def _receive(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    raw = _raw(request)
    if raw is None:
        return _answer(413, f"More than {settings.WEBHOOK_MAX_BYTES} bytes.")
    remembered = sender_remembered(provider, key)
    if remembered and not _refusal(remembered.connection, raw) and _keep(remembered, raw):
        return _answer(200, "ok")
    # Nothing remembered, or it no longer holds: what the database says now is the answer.
    sender = sender_read(provider, key)
    if sender is None or sender.connection.state == ConnectionState.DISABLED:
        return _absence(sender)
    refusal = _refusal(sender.connection, raw)
    if refusal:
        inbox.refusal_count(sender.connection, refusal)
        return _answer(400, "The sender could not be verified.")
    return _answer(200, "ok") if _keep(sender, raw) else _unstored()


def _keep(sender: Sender, raw: RawRequest) -> bool:
    """False when the connection is no longer as it was read, or holds too many events already."""
    if pressure.is_connection_full(sender.connection.pk):
        return False
    return inbox.keep(sender, raw, events_of(sender.connection, raw)) is not None


def _absence(sender: Sender | None) -> HttpResponse:
    if sender is None:
        return _answer(404, "No such web-hook.")
    return _answer(410, "This connection was removed.")


def _raw(request: HttpRequest) -> RawRequest | None:
    """The call with its raw bytes; None when there are more than we take."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.WEBHOOK_MAX_BYTES:
        return None
    body: bytes = request.read(settings.WEBHOOK_MAX_BYTES + 1)
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        return None
    return RawRequest(
        body=body,
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: str(value) for name, value in request.GET.items()},
        path=request.path,
    )


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


def _unstored() -> HttpResponse:
    return _answer(503, "Not stored; send it again.", **{"Retry-After": RETRY_AFTER_SECONDS})


def _answer(status: int, words: str, **headers: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain", headers=headers)
