"""What is kept or logged holds no secret."""

from __future__ import annotations

import pytest

from integrations.hub.credentials import decrypt, encrypt
from integrations.hub.redaction import redact, redacted_body


def test_secrets_survive_the_round_trip() -> None:
    assert decrypt(encrypt({"a": "b"})) == {"a": "b"}


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "SECRETVALUE"}',
        '{"client_secret":"SECRET\\"VALUE"}',
        "grant_type=x&refresh_token=SECRETVALUE&y=1",
        "Authorization: Bearer SECRETVALUE",
        "https://user:SECRETVALUE@host/path",
        "key sk_test_SECRETVALUE is wrong",
        "slack said xoxb-SECRETVALUE",
        "AUTHORIZATION: BEARER SECRETVALUE",
        "HTTPS://USER:SECRETVALUE@HOST/PATH",
    ],
)
def test_redaction_knows_the_usual_places(text: str) -> None:
    assert "VALUE" not in redact(text)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "api-key",
        "API_KEY",
        "apikey",
        "id_token",
        "Webhook-Secret",
        "passwd",
        "PASSWORD",
        "private_key",
        "signingSecret",
        "refresh-token",
    ],
)
def test_redaction_knows_names_in_every_spelling(name: str) -> None:
    body = f'{{"results": [], "{name}": "SECRETVALUE"}} and {name}=SECRETVALUE'

    assert "VALUE" not in redact(body)


def test_redaction_hides_before_it_cuts() -> None:
    secret = "s3cret-that-straddles-the-cut"
    body = "x" * (16 * 1024 - 5) + secret

    kept = redacted_body(body, [secret])

    assert "s3cre" not in kept
    assert len(kept) < 17_000
