"""Web-hooks take the short way; everything else passes the whole list."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_web_hook_address_sets_no_cookie_and_asks_no_session(
    client: Client, django_assert_num_queries: object
) -> None:
    # Whether too many events wait is looked at every few seconds, not at each call.
    client.post("/webhooks/stripe/nobody/", b"{}", content_type="application/json")
    with django_assert_num_queries(1):  # type: ignore[operator]
        answer = client.post("/webhooks/stripe/nobody/", b"{}", content_type="application/json")

    assert answer.status_code == 404
    assert not answer.cookies
    assert answer["X-Request-Id"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_address_below_the_vendors_door_that_is_none_gets_the_usual_page(client: Client) -> None:
    answer = client.get("/webhooks/")

    assert answer.status_code == 404
    assert "Content-Security-Policy" in answer


def test_page_of_people_passes_the_whole_list(client: Client) -> None:
    assert "Content-Security-Policy" in client.get("/healthz")
