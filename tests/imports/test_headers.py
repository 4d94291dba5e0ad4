"""Guessing columns: the spellings of other systems, and what their values tell."""

from __future__ import annotations

import pytest

from imports.choices import ImportObject
from imports.headers import Confidence, columns_guess, header_normal

HUBSPOT = {
    "First Name": "first_name",
    "Last Name": "last_name",
    "Email": "email",
    "Phone Number": "phone",
    "Mobile Phone Number": "mobile",
    "Job Title": "title",
    "Lifecycle Stage": "lifecycle",
    "Contact owner": "owner",
    "Original Source": "source",
    "Unsubscribed from all email": "email_opt_out",
    "Company name": "account.name",
    "Company Domain Name": "account.domain",
    "Website URL": "account.website",
    "State/Region": "account.region",
    "Postal Code": "account.postal_code",
    "Country/Region": "account.country",
    "Last Activity Date": "last_contacted_at",
}
SALESFORCE = {
    "First Name": "first_name",
    "Last Name": "last_name",
    "Title": "title",
    "Account Name": "account.name",
    "Mailing Street": "account.street",
    "Mailing City": "account.city",
    "Mailing State/Province": "account.region",
    "Mailing Zip/Postal Code": "account.postal_code",
    "Mailing Country": "account.country",
    "Phone": "phone",
    "Mobile": "mobile",
    "Email": "email",
    "Email Opt Out": "email_opt_out",
    "Lead Source": "source",
    "Contact Owner": "owner",
}
PIPEDRIVE = {
    "Person - Name": "full_name",
    "Person - Email - Work": "email",
    "Person - Phone - Work": "phone",
    "Person - Phone - Mobile": "mobile",
    "Person - Organization": "account.name",
    "Person - Owner": "owner",
    "Person - Label": "lifecycle",
    "Organization - Address": "account.street",
}
OUTLOOK = {
    "First Name": "first_name",
    "Last Name": "last_name",
    "E-mail Address": "email",
    "E-mail 2 Address": "other_emails",
    "Company": "account.name",
    "Job Title": "title",
    "Business Phone": "phone",
    "Mobile Phone": "mobile",
    "Business Street": "account.street",
    "Business City": "account.city",
    "Business Country/Region": "account.country",
    "Web Page": "account.website",
    "Categories": "tags",
}


@pytest.mark.parametrize(
    "export",
    [HUBSPOT, SALESFORCE, PIPEDRIVE, OUTLOOK],
    ids=["hubspot", "salesforce", "pipedrive", "outlook"],
)
def test_headers_of_other_systems_are_known(export: dict[str, str]) -> None:
    columns = columns_guess(list(export), [], ImportObject.CONTACT)

    assert {column.header: column.field for column in columns} == export
    assert {column.confidence for column in columns} == {Confidence.SURE}


@pytest.mark.parametrize(
    "header", ["First Name", "first_name", "FIRST-NAME", "firstName:", " First  name "]
)
def test_spelling_of_a_header_does_not_matter(header: str) -> None:
    assert header_normal(header) == "first name"


def test_a_slip_of_the_pen_is_guessed_and_marked() -> None:
    (column,) = columns_guess(["Frist Name"], [], ImportObject.CONTACT)

    assert (column.field, column.confidence) == ("first_name", Confidence.LIKELY)


def test_a_field_is_guessed_once_for_the_better_header() -> None:
    columns = columns_guess(["Work email", "Email"], [], ImportObject.CONTACT)

    assert [column.field for column in columns] == ["", "email"]


def test_values_tell_what_a_header_does_not() -> None:
    samples = [["ada@x.com", "note"], ["bob@x.com", ""]]

    columns = columns_guess(["Reach them at", "Remark"], samples, ImportObject.CONTACT)

    assert [(column.field, column.confidence) for column in columns] == [
        ("email", Confidence.LIKELY),
        ("", Confidence.NONE),
    ]
