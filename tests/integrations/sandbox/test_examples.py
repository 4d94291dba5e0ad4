"""What the connect forms of a demo say that the sandbox takes."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hub import registry
from integrations.hub.forms import ConnectionForm
from integrations.hub.intake import credentials_clean
from integrations.hub.sandbox.fake import SandboxApp
from integrations.hub.sandbox.server import installed_apps

APPS = {app.id: app for app in installed_apps()}


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_form_shows_what_works_at_the_sandbox_and_in_a_demo_only(
    app: SandboxApp, settings: Any
) -> None:
    provider = registry.get(app.id)
    known = {one.name: one.sandbox for one in provider.credential_fields if one.sandbox}

    assert known.items() <= app.demo_credentials.items()
    assert credentials_clean(provider, known) == known
    for url, is_shown in (("http://127.0.0.1:8100", True), ("", False)):
        settings.NEXA_SANDBOX_URL = url
        page = ConnectionForm(provider=provider).as_p()
        assert [example in page for example in known.values()] == [is_shown] * len(known)
