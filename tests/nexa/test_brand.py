"""The icons of the browser's tab and the phone's home screen."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import reverse


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/favicon.ico", "image/x-icon"),
        ("/apple-touch-icon.png", "image/png"),
        ("/apple-touch-icon-precomposed.png", "image/png"),
    ],
)
def test_root_icons_lead_to_pictures(path: str, kind: str, assets, settings) -> None:
    with override_settings(STATICFILES_DIRS=[settings.BASE_DIR / "static", assets]):
        response = Client().get(path, follow=True)

    assert response.status_code == 200
    assert response["Content-Type"] in {kind, "image/vnd.microsoft.icon"}


def test_sign_in_names_its_icons(db) -> None:
    page = Client().get(reverse("account_login")).content.decode()

    assert '<link rel="icon" href="/static/favicon.ico"' in page
    assert '<link rel="apple-touch-icon" href="/static/apple-touch-icon.png">' in page


def test_console_names_its_icons(operator) -> None:
    client = Client()
    client.force_login(operator)

    page = client.get(reverse("admin:index")).content.decode()

    assert 'href="/static/favicon.svg"' in page
    assert 'href="/static/apple-touch-icon.png"' in page
