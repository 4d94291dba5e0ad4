"""People can sign in at the demo's sandbox at once."""

from __future__ import annotations

import pytest

from integrations.hub.models import OAuthApplication
from integrations.hub.sandbox.fake import SandboxApp
from integrations.stripe.sandbox import sandbox as stripe
from nexa.demo.connections import demo_applications_made

pytestmark = pytest.mark.django_db


def app(client_id: str, provider: str = "stripe") -> SandboxApp:
    return SandboxApp(
        id=provider, name="Any", open=stripe.open, demo_application=(client_id, "a secret")
    )


def test_application_is_entered_once_and_an_operators_own_stays() -> None:
    demo_applications_made([app("first"), app("nobody", "not_installed"), stripe])
    demo_applications_made([app("second")])

    stored = OAuthApplication.objects.get()
    assert (stored.provider, stored.client_id, stored.client_secret) == (
        "stripe",
        "first",
        "a secret",
    )
