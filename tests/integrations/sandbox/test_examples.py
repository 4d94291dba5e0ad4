"""What the connect forms of a demo, and README, say that the sandbox takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from integrations.hub import registry
from integrations.hub.access import CredentialField
from integrations.hub.forms import ConnectionForm
from integrations.hub.intake import credentials_clean
from integrations.hub.sandbox.fake import SandboxApp
from integrations.hub.sandbox.server import installed_apps

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_readme_names_what_works_at_the_sandbox(app: SandboxApp) -> None:
    named = README.split("these work at the sandbox")[1].split("\n## ")[0]
    (row,) = [line for line in named.splitlines() if line.startswith(f"| {app.name}")]

    for typed in re.findall(r"(?:token|key|secret) (?:such as )?`([^`]+)`", row):
        assert any(_takes(field, typed) for field in registry.get(app.id).credential_fields), typed


def _takes(field: CredentialField, typed: str) -> bool:
    return bool(re.fullmatch(field.pattern, typed)) if field.pattern else field.sandbox == typed
