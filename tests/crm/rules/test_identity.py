"""The marks of people and companies are written one way."""

from __future__ import annotations

import pytest

from crm.rules.identity import domain_normal, email_domain, email_normal, phone_e164


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("(202) 555-0143", "US", "+12025550143"),
        ("030 123456", "DE", "+4930123456"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("+12025550143", "DE", "+12025550143"),
        ("202-555-0143 ext. 5", "us", "+12025550143"),
        ("ask Mary", "US", None),
        ("12", "US", None),
        ("030 123456", "", None),
        ("", "US", None),
    ],
)
def test_phone_e164(text: str, country: str, number: str | None) -> None:
    assert phone_e164(text, country) == number


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.com/x?y", "acme.com"),
        ("Acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("acme.com:8080/x", "acme.com"),
        ("", ""),
        ("http://[broken", "http://[broken"),
    ],
)
def test_domain_normal(text: str, domain: str) -> None:
    assert domain_normal(text) == domain


def test_email_is_compared_in_lower_case() -> None:
    assert email_normal(" Ann@Acme.COM ") == "ann@acme.com"


def test_free_mail_names_no_company() -> None:
    assert email_domain("a@Gmail.com") == ""
    assert email_domain("a@acme.test") == "acme.test"
