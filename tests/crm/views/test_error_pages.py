"""Pages of what went wrong: they come out when nothing else works, and say which request it was."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

handler500 = "crm.views.errors.server_error"


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("Nobody caught this.")


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("The database is away.")


urlpatterns = [path("broken/", broken), path("away/", away)]


@pytest.mark.parametrize(("address", "status"), [("/broken/", 500), ("/away/", 503)])
def test_page_says_the_id_that_the_logs_have(address: str, status: int) -> None:
    client = Client(raise_request_exception=False)

    answer = client.get(address)

    assert answer.status_code == status
    assert answer["X-Request-Id"].startswith("req-")
    assert answer["X-Request-Id"] in answer.content.decode()


def test_id_of_a_proxy_is_on_the_page() -> None:
    client = Client(raise_request_exception=False)

    page = client.get("/broken/", headers={"X-Request-Id": "proxy-12345678"}).content.decode()

    assert "proxy-12345678" in page
    assert "request-id" not in page
