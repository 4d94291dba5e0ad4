"""The door for vendors: verify the raw bytes, keep, commit, answer; nothing is processed here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from integrations.hub import inbox, registry
from integrations.hub.errors import Unverified
from integrations.hub.former import connections_before
from integrations.hub.inbox import pressure
from integrations.hub.inbox.keep import events_of, events_read
from integrations.hub.inbox.senders import (
    Sender,
    sender_read,
    sender_remembered,
    senders_read,
)
from integrations.hub.models import Connection, ConnectionState
from integrations.hub.provider import SharedDoor, Webhook
from integrations.hub.types import RawRequest

logger = logging.getLogger("integrations.hub.webhook")

RETRY_AFTER_SECONDS = "30"

Receive = Callable[[RawRequest], HttpResponse]
TOO_LARGE = "a body that is too large"


@csrf_exempt
def webhook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """The address of one connection."""
    return _through(
        request,
        provider,
        receive=lambda raw: _receive(raw, provider, key),
        look=lambda: _look(provider, key),
        senders=lambda: [sender] if (sender := sender_read(provider, key)) else [],
    )


@csrf_exempt
def shared_webhook(request: HttpRequest, door: str) -> HttpResponse:
    """The address that all connections of a provider share: its secret tells whose a call is."""
    declared = registry.find_by_door(door)
    if declared is None or declared.door is None:
        return _answer(404, "No such web-hook.")
    shared = declared.door
    return _through(
        request,
        declared.id,
        receive=lambda raw: _receive_shared(raw, declared.id, shared),
        look=_welcome,
        senders=lambda: senders_read(declared.id),
    )


def _through(
    request: HttpRequest,
    provider: str,
    *,
    receive: Receive,
    look: Callable[[], HttpResponse],
    senders: Callable[[], Sequence[Sender]],
) -> HttpResponse:
    """2xx only once the events are committed; 503, which vendors retry, when they cannot be.

    Also 503 while more events wait than are taken on, in all or for this connection.
    """
    if request.method not in ("POST", "GET", "HEAD"):
        return _answer(405, "Send events here by POST.", Allow="POST, GET, HEAD")
    try:
        if request.method != "POST":
            # Some vendors look whether the address exists before they save it.
            return look()
        if pressure.is_full():
            return _unstored()
        raw = _raw(request)
        if raw is None:
            _refusal_count(senders(), TOO_LARGE)
            return _answer(413, f"More than {settings.WEBHOOK_MAX_BYTES} bytes.")
        return receive(raw)
    except DatabaseError:
        logger.exception("web-hook of %s could not be stored", provider)
        return _unstored()


# --- The address of one connection --------------------------------------------------------------


def _look(provider: str, key: str) -> HttpResponse:
    sender = sender_read(provider, key)
    if sender is None or sender.connection.state == ConnectionState.DISABLED:
        return _absence(sender)
    return _welcome()


def _receive(raw: RawRequest, provider: str, key: str) -> HttpResponse:
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


# --- The address that all connections of a provider share ---------------------------------------


def _receive_shared(raw: RawRequest, provider: str, door: SharedDoor) -> HttpResponse:
    sender = _sender_of(raw, door, senders_read(provider))
    if sender is None:
        return _answer(401, "The sender could not be verified.")
    if not _is_readable(sender.connection, raw):
        inbox.refusal_count(sender.connection, "unreadable body")
        return _answer(400, "The body could not be read.")
    return _answer(200, "ok") if _keep(sender, raw) else _unstored()


def _is_readable(connection: Connection, raw: RawRequest) -> bool:
    """Only what is no event is refused; where our own reading fails, the call is kept for us."""
    try:
        events_read(connection, raw)
    except ValueError:
        return False
    except Exception:  # the boundary: read again, and kept as unreadable, when it is stored
        return True
    return True


def _sender_of(raw: RawRequest, door: SharedDoor, senders: Sequence[Sender]) -> Sender | None:
    """Whose call it is; a refusal is counted where only one connection can have been meant."""
    try:
        found = _owner(raw, door, [sender.connection for sender in senders])
    except Unverified as reason:
        said = str(reason)
    except Exception:  # the boundary: what a stranger sends must not be answered with our error
        logger.exception("verifying a web-hook at /api/%s/ failed", door.name)
        said = "the verification failed with an error"
    else:
        return next(sender for sender in senders if sender.connection is found)
    logger.warning("web-hook at /api/%s/ refused: %s", door.name, said)
    _refusal_count(senders, said)
    return None


def _owner(raw: RawRequest, door: SharedDoor, connections: Sequence[Connection]) -> Connection:
    """By the secrets of now, else by those before them; raises Unverified."""
    try:
        return door.connection_of(raw, connections)
    except Unverified:
        known = [(before, now) for now in connections for before in connections_before(now)]
        if not known:
            raise
        found = door.connection_of(raw, [before for before, _ in known])
        return next(now for before, now in known if before is found)


# --- Both ---------------------------------------------------------------------------------------


def _refusal_count(senders: Sequence[Sender], reason: str) -> None:
    """On the connection that alone can have been meant; where it could be several, on none."""
    if len(senders) == 1:
        inbox.refusal_count(senders[0].connection, reason)


def _keep(sender: Sender, raw: RawRequest) -> bool:
    """False when the connection is no longer as it was read, or holds too many events already."""
    if pressure.is_connection_full(sender.connection.pk):
        return False
    return inbox.keep(sender, raw, events_of(sender.connection, raw)) is not None


def _welcome() -> HttpResponse:
    return _answer(200, "Send events here by POST.")


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
        _prove(declared, raw, connection)
    except Unverified as reason:
        return str(reason)
    except Exception:  # the boundary: what a stranger sends must not be answered with our error
        logger.exception("verifying a web-hook of %s failed", connection.provider)
        return "the verification failed with an error"
    return ""


def _prove(declared: Webhook, raw: RawRequest, connection: Connection) -> None:
    """By the secret of now, else by one before it; raises Unverified."""
    try:
        declared.verify(raw, connection)
    except Unverified:
        if not any(_is_proved(declared, raw, before) for before in connections_before(connection)):
            raise


def _is_proved(declared: Webhook, raw: RawRequest, connection: Connection) -> bool:
    try:
        declared.verify(raw, connection)
    except Unverified:
        return False
    return True


def _unstored() -> HttpResponse:
    return _answer(503, "Not stored; send it again.", **{"Retry-After": RETRY_AFTER_SECONDS})


def _answer(status: int, words: str, **headers: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain", headers=headers)
