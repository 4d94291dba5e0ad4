"""Other apps add panels to every record's page, which are fetched apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from crm.models import OwnedRecord
from crm.panels import Panel, record_panels
from tests.crm.views.conftest import Company

EVIL = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def panel() -> Iterator[None]:
    """What an app would register at start-up, taken back after the test."""

    def make(request: HttpRequest, record: OwnedRecord) -> Panel | None:
        return Panel("elsewhere", f"Elsewhere {EVIL}", "Where it is", f"/elsewhere/{record.pk}/")

    record_panels.append(make)
    yield
    record_panels.remove(make)


@pytest.mark.usefixtures("panel")
@pytest.mark.parametrize("name", ["contact", "account", "lead", "deal", "task", "product"])
def test_every_record_has_the_panels_of_other_apps(
    company: Company,
    sales_client: Client,
    name: str,
) -> None:
    record = getattr(company, name)

    page = sales_client.get(reverse(f"crm:{name}_detail", args=[record.pk])).content.decode()

    assert f'hx-get="/elsewhere/{record.pk}/" hx-trigger="revealed"' in page
    assert f'href="/elsewhere/{record.pk}/">Where it is</a>' in page
    assert EVIL not in page
