"""The way of a person through the pages and the vendor's consent page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client
from django.urls import reverse

from integrations.hub.models import (
    Connection,
)

NEW = "/integrations/acme/new/"
CALLBACK = "/integrations/oauth/callback/"


def onward(client: Client, page: str = NEW, **values: str) -> str:
    """The address of the consent page, as the page that leads there has it."""
    form = {"name": "Acme", **values} if page == NEW else values
    shown = client.post(f"{page}?method=sign-in", form).content.decode()
    found = re.search(r'content="0;url=([^"]+)"', shown)
    assert found is not None, shown
    return unescape(found.group(1))


def consented(url: str) -> str:
    """The way back, as the vendor's page sends the browser on."""
    page = requests.get(url, allow_redirects=False, timeout=20)
    assert page.status_code == 302
    parts = urlsplit(page.headers["Location"])
    return f"{parts.path}?{parts.query}"


def signed_in_by(client: Client, page: str = NEW, **values: str) -> Any:
    return client.get(consented(onward(client, page, **values)), follow=True)


def again(connection: Connection) -> str:
    return reverse("hub:connection_credentials", args=[connection.pk])


def refused(client: Client, url: str) -> str:
    page = client.get(url)
    assert page.status_code == 400
    assert page["Cache-Control"].startswith("max-age=0")
    return unescape(page.content.decode())
