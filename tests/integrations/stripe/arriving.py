"""Web-hooks that arrive in tests: signed as Stripe signs, posted to the real endpoint."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from integrations.hub.models import Connection


def signed(body: bytes, secret: str, *, at: int | None = None) -> str:
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def arrive(connection: Connection, event: dict[str, Any] | bytes) -> HttpResponse:
    body = event if isinstance(event, bytes) else json.dumps(event, indent=2).encode()
    return Client().post(
        reverse("hub:webhook", args=["stripe", connection.webhook_key]),
        data=body,
        content_type="application/json; charset=utf-8",
        headers={"Stripe-Signature": signed(body, connection.secret("webhook_secret"))},
    )  # type: ignore[return-value]
