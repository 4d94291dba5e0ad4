"""The component gallery: for staff alone, and every component in it draws."""

from __future__ import annotations

import re

from django.test import Client

GALLERY = "/ui/"


def test_gallery_shows_every_component_to_staff(operator_client: Client) -> None:
    page = operator_client.get(GALLERY)

    markup = page.content.decode()
    assert page.status_code == 200
    for css_class in ("timeline", "board", "stepper", "stages", "pager", "empty", "facts", "alert"):
        assert f'class="{css_class}' in markup


def test_gallery_has_one_main_heading_and_no_id_twice(operator_client: Client) -> None:
    markup = operator_client.get(GALLERY).content.decode()

    ids = re.findall(r'\sid="([^"]+)"', markup)
    assert markup.count("<h1") == 1
    assert len(ids) == len(set(ids))


def test_gallery_is_closed_to_members(sales_client: Client) -> None:
    page = sales_client.get(GALLERY)

    assert page.status_code == 403
    assert "You may not open this" in page.content.decode()


def test_gallery_asks_strangers_to_sign_in(client: Client, db: None) -> None:
    page = client.get(GALLERY)

    assert page.status_code == 302
    assert page.headers["Location"].endswith("?next=/ui/")


def test_sign_out_of_the_shell_is_a_form(operator_client: Client) -> None:
    markup = operator_client.get(GALLERY).content.decode()

    assert re.search(r'<form method="post" action="[^"]*logout/">', markup)
