"""What a person typed for a connection: big texts, JSON, and settings that must fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from integrations.hub.access import SettingField
from integrations.hub.errors import InvalidSettings
from integrations.hub.forms import ConnectionForm
from integrations.hub.intake import LONGEST_BIG_TEXT, settings_clean
from integrations.hub.provider import Provider
from tests.integrations.hub import echo


def together(settings: Mapping[str, Any]) -> Mapping[str, list[str]]:
    if settings["lowest"] > settings["highest"]:
        return {"highest": ["This must not be less than the lowest."]}
    return {}


def provider_of(*fields: SettingField) -> Provider:
    return replace(echo.provider, settings_fields=fields)


BIG = provider_of(
    SettingField("lines", "Lines", kind="multiline"),
    SettingField("body", "Body", kind="json"),
    SettingField("must", "Must", kind="json", is_required=True, default=""),
)
PAIR = replace(
    provider_of(
        SettingField("lowest", "Lowest", kind="integer", default=1),
        SettingField("highest", "Highest", kind="integer", default=9),
    ),
    settings_check=together,
)


def refused(provider: Provider, **settings: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidSettings) as caught:
        settings_clean(provider, settings)
    return caught.value.errors


def test_big_text_keeps_its_lines_as_they_were_typed() -> None:
    kept = settings_clean(BIG, {"lines": "\r\n  a = b\r\n\r\nc = d  \r\n", "must": "{}"})

    assert kept == {"lines": "\n  a = b\n\nc = d", "body": "", "must": "{}"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "a": 1,\n  "b"\n}', "Line 4, column 1: this is no JSON (Expecting ':' delimiter)."),
        ("nonsense", "Line 1, column 1: this is no JSON (Expecting value)."),
        ('{"a": NaN}', "NaN is no JSON."),
        ("[" * 5000, "This JSON is nested too deeply."),
        ("x" * (LONGEST_BIG_TEXT + 1), f"Enter at most {LONGEST_BIG_TEXT} characters."),
        ('"\x00"', "This holds a character that cannot be kept."),
    ],
)
def test_text_that_is_no_json_is_named_with_its_place(text: str, words: str) -> None:
    assert refused(BIG, body=text, must="{}") == {"body": [words]}


def test_required_big_text_is_asked_for() -> None:
    assert refused(BIG, must=" \n ") == {"must": ["Enter a value."]}
    assert refused(BIG) == {"must": ["Enter a value."]}


def test_settings_are_looked_at_together_once_each_is_right() -> None:
    assert settings_clean(PAIR, {"lowest": 3}) == {"lowest": 3, "highest": 9}
    assert refused(PAIR, lowest=10) == {"highest": ["This must not be less than the lowest."]}
    assert refused(PAIR, lowest="x") == {"lowest": ["Enter a whole number."]}


def test_plain_http_is_for_hosts_that_the_operator_allows(settings: Any) -> None:
    settings.NEXA_PRIVATE_HOSTS_ALLOWED = ["crm.internal"]
    provider = provider_of(SettingField("url", "Address", kind="url"))

    assert settings_clean(provider, {"url": "http://CRM.internal/v1"})
    for wrong in ("http://crm.example.com", "ftp://crm.internal", "https://", "https://[", "crm"):
        assert refused(provider, url=wrong) == {
            "url": ["Enter an address that starts with https://."]
        }


def test_form_takes_lines_and_shows_what_is_wrong_beside_the_field() -> None:
    typed = {"name": "Shop", "credential_api_key": echo.API_KEY, "setting_must": "\n{\n"}
    form = ConnectionForm(typed, provider=BIG)
    assert form.is_valid()
    assert form.connection_settings()["must"] == "\n{\n"

    with pytest.raises(InvalidSettings) as caught:
        settings_clean(BIG, form.connection_settings())
    form.add_refusal(caught.value)

    assert "<textarea" in str(form["setting_must"])
    (words,) = form.errors["setting_must"]
    assert words.startswith("Line 2, column 2: this is no JSON")
