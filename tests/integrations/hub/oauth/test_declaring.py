"""What a provider may declare of its log-in, and how answers of the token address are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm.models import Workspace
from integrations.hub.access import OAuth
from integrations.hub.models import Connection, OAuthApplication
from integrations.hub.oauth import Application, application_find
from integrations.hub.oauth.names import ApplicationRefused, GrantRefused
from integrations.hub.oauth.token_calls import Code, code_exchange
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor, answered

CODE = Code("code_x", "", "https://crm.example.test/callback")
APPLICATION = Application(acme.CLIENT_ID, acme.CLIENT_SECRET)


@pytest.mark.parametrize(
    "url",
    ["http://api.acme.test/oauth/token", "https://evil.test/token", "https://acme.test.evil.test/"],
)
@pytest.mark.parametrize("name", ["token_url", "revoke_url", "introspect_url"])
def test_address_that_secrets_would_leak_to_is_refused(name: str, url: str) -> None:
    with pytest.raises(ValueError, match="no host of its own"):
        replace(acme.provider, oauth=replace(acme.OAUTH, **{name: url}))


def test_provider_without_any_way_to_give_access_is_refused() -> None:
    with pytest.raises(ValueError, match="no way to give access"):
        replace(acme.provider, auth=None, oauth=None)


def test_provider_may_take_sign_ins_only() -> None:
    assert replace(acme.provider, auth=None).credential_fields == ()


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({"scope": "a b"}, ("a", "b")),
        ({"scope": "a,b"}, ("a", "b")),
        ({"scopes": ["a", "b"]}, ("a", "b")),
        ({}, ()),
    ],
)
def test_scopes_are_read_in_the_ways_that_vendors_tell_them(
    said: dict[str, object], scopes: tuple[str, ...]
) -> None:
    assert OAuth("https://a.test", "https://a.test").granted(said) == scopes


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("life", "seconds"), [("3600", 3600), (3600.0, 3600), (None, 3600), ("soon", 3600), (-5, 1)]
)
def test_life_of_a_token_is_read_also_when_it_is_told_oddly(
    workspace: Workspace, vendor: AcmeVendor, life: object, seconds: int
) -> None:
    vendor.token_script = [answered(200, {"access_token": "t", "expires_in": life})]

    tokens = code_exchange(Connection(workspace=workspace, provider="acme"), APPLICATION, CODE)

    assert tokens.lifetime_seconds == seconds


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid_grant", GrantRefused),
        (200, "invalid_grant", GrantRefused),
        (401, "invalid_client", ApplicationRefused),
        (400, "unauthorized_client", ApplicationRefused),
    ],
)
def test_refusals_are_told_apart_whatever_their_status(
    workspace: Workspace, vendor: AcmeVendor, status: int, error: str, kind: type[Exception]
) -> None:
    vendor.token_script = [answered(status, {"error": error})]

    with pytest.raises(kind) as raised:
        code_exchange(Connection(workspace=workspace, provider="acme"), APPLICATION, CODE)

    assert type(raised.value) is kind


@pytest.mark.django_db
def test_secret_of_the_environment_may_lie_in_a_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    monkeypatch.setenv("NEXA_ACME_CLIENT_ID", "id")
    monkeypatch.setenv("NEXA_ACME_CLIENT_SECRET_FILE", str(tmp_path / "secret"))

    found = application_find("acme", workspace)

    assert found == Application("id", "from a file")
    assert "from a file" not in repr(found)


@pytest.mark.django_db
def test_application_in_the_console_comes_before_the_environment(
    workspace: Workspace, application: OAuthApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXA_ACME_CLIENT_ID", "id")
    monkeypatch.setenv("NEXA_ACME_CLIENT_SECRET", "other")

    found = application_find("acme", workspace)

    assert found is not None
    assert found.client_id == acme.CLIENT_ID
