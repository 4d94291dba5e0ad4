"""Signing in at a vendor in a real browser, also without JavaScript; its pages are accessible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test.utils import override_settings
from playwright.sync_api import expect

from crm.choices import Role
from crm.models import User, Workspace
from integrations.hub import registry
from integrations.hub.connections import connection_disconnect
from integrations.hub.credentials import Secrets
from integrations.hub.models import Connection, ConnectionState, OAuthApplication
from tests import factories
from tests.browser.axe import violations_of
from tests.browser.chrome import session_of
from tests.browser.conftest import OpenWindow
from tests.browser.site import Site
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/integrations/acme/new/?method=sign-in"


@pytest.fixture
def vendor(site: Site) -> Iterator[AcmeVendor]:
    registry.add(acme.provider)
    with acme.running_vendor() as running:
        try:
            with override_settings(NEXA_SANDBOX_URL=running.url, NEXA_BASE_URL=site.url):
                yield running
        finally:
            registry.remove("acme")


@pytest.fixture
def person(workspace: Workspace) -> User:
    return factories.membership_make(workspace, role=Role.ADMIN).user


@pytest.fixture
def application(db: None) -> OAuthApplication:
    return OAuthApplication.objects.create(
        provider="acme",
        client_id=acme.CLIENT_ID,
        secrets=Secrets({"client_secret": acme.CLIENT_SECRET}),
    )


@pytest.mark.parametrize("has_javascript", [True, False])
def test_person_signs_in_at_the_vendor_and_comes_back_connected(
    open_window: OpenWindow,
    person: User,
    vendor: AcmeVendor,
    application: OAuthApplication,
    has_javascript: bool,
) -> None:
    window = open_window(session=session_of(person), java_script_enabled=has_javascript)
    window.open(NEW)

    window.page.get_by_role("button", name="Continue to Acme").click()

    expect(window.page.locator(".messages")).to_contain_text("Acme is connected.")
    expect(window.page.locator("#connection-access")).to_contain_text("Nothing to do.")
    assert Connection.objects.get().state == ConnectionState.ACTIVE


def test_pages_around_a_sign_in_are_accessible(
    open_window: OpenWindow, person: User, vendor: AcmeVendor, application: OAuthApplication
) -> None:
    window = open_window(session=session_of(person))
    window.open(NEW)
    assert violations_of(window.page) == []
    vendor.scopes_withheld = frozenset({"things.write"})
    window.page.get_by_role("button", name="Continue to Acme").click()
    expect(window.page.locator("#connection-access")).to_contain_text("Missing:")
    assert violations_of(window.page) == []

    connection_disconnect(Connection.objects.get(), actor=person)
    window.open("/integrations/")
    window.page.get_by_text("Disconnected (1)").click()
    assert violations_of(window.page) == []
    window.page.get_by_role("link", name="Connect again").click()
    assert violations_of(window.page) == []

    application.delete()
    window.open(NEW)
    expect(window.page.locator("#redirect-uri")).to_have_text(
        f"{window.site.url}/integrations/oauth/callback/"
    )
    assert violations_of(window.page) == []
