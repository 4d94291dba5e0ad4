"""From the text of a cell to a value."""

from __future__ import annotations

import datetime

import phonenumbers
import pytest

from crm.rules.identity import phone_e164
from imports import transforms
from imports.choices import DateOrder
from imports.dates import AmbiguousDate, moment_parse, order_detect
from imports.errors import BadValue
from imports.phones import phone_quick


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("mailto:ada@example.com", "ada@example.com"),
        ("Ada Lovelace <ada@example.com>", "ada@example.com"),
        ("o'brien+news@mail.example.co.uk", "o'brien+news@mail.example.co.uk"),
    ],
)
def test_email_is_read_as_people_write_it(text: str, address: str) -> None:
    assert transforms.email_value(text) == address


@pytest.mark.parametrize("text", ["ada", "ada@", "@example.com", "a b@example.com"])
def test_email_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadValue) as refusal:
        transforms.email_value(text)

    assert refusal.value.cause == "invalid_email"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Customer", "customer"),
        ("Marketing Qualified Lead", "mql"),
        ("sales_qualified_lead", "sql"),
        ("Subscriber", "lead"),
    ],
)
def test_lifecycle_words_of_other_systems_are_known(text: str, word: str) -> None:
    assert transforms.lifecycle_value(text) == word


def test_an_unknown_lifecycle_costs_the_value_only() -> None:
    with pytest.raises(BadValue) as refusal:
        transforms.lifecycle_value("galaxy brain")

    assert refusal.value.is_mild


@pytest.mark.parametrize(
    ("text", "value"), [("Yes", True), ("x", True), ("0", False), ("unsubscribed", False)]
)
def test_yes_and_no_in_many_words(text: str, value: bool) -> None:
    assert transforms.boolean_value(text) is value


def test_tags_are_split_and_said_once() -> None:
    assert transforms.tags_value("vip; news ,vip|hot", limit=60) == ("vip", "news", "hot")


@pytest.mark.parametrize(
    "text",
    [
        "linkedin.com/in/ada",
        "http://au.linkedin.com/in/ada/",
        "https://www.LinkedIn.com/in/ada?trk=x",
    ],
)
def test_a_linkedin_profile_has_one_spelling(text: str) -> None:
    value = transforms.url_value(text, limit=500, label="LinkedIn")

    assert value == "https://www.linkedin.com/in/ada"


@pytest.mark.parametrize("text", ["javascript:alert(1)", "n/a", "ftp://x.com", "just words"])
def test_what_is_no_web_address_is_left_out(text: str) -> None:
    with pytest.raises(BadValue) as refusal:
        transforms.url_value(text, limit=500, label="Website")

    assert refusal.value.is_mild


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_quick_phones_are_what_the_library_says(region: str) -> None:
    number = phonenumbers.example_number(region)
    forms = [
        phonenumbers.format_number(number, form)
        for form in (
            phonenumbers.PhoneNumberFormat.E164,
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            phonenumbers.PhoneNumberFormat.NATIONAL,
        )
    ]

    assert [phone_quick(form, region) for form in forms] == [
        phone_e164(form, region) for form in forms
    ]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+44 (0)20 7946 0018", "AU"),
        ("+61 0412 345 678", "US"),
        ("0412 345 678", "AU"),
        ("(415) 555-0100", "US"),
        ("1-415-555-0100", "US"),
        ("12345", "AU"),
        ("8 495 123 45 67", "RU"),
    ],
)
def test_odd_phones_are_what_the_library_says(text: str, country: str) -> None:
    assert phone_quick(text, country) == phone_e164(text, country)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-03-04", "", (2026, 3, 4)),
        ("03/04/2026", "dmy", (2026, 4, 3)),
        ("03/04/2026", "mdy", (2026, 3, 4)),
        ("31/12/2026", "", (2026, 12, 31)),
        ("12/31/26", "", (2026, 12, 31)),
        ("4 Mar 2026", "", (2026, 3, 4)),
        ("March 4, 2026", "", (2026, 3, 4)),
        ("31.12.2026 14:30", "", (2026, 12, 31)),
    ],
)
def test_dates_are_read_in_many_forms(text: str, order: str, day: tuple[int, int, int]) -> None:
    moment = moment_parse(text, order, "Australia/Sydney")

    assert moment.tzinfo is datetime.UTC
    assert (moment.year, moment.month, moment.day) == day


def test_a_date_that_reads_two_ways_is_not_guessed() -> None:
    with pytest.raises(AmbiguousDate):
        moment_parse("03/04/2026", "", "UTC")


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["03/04/2026", "31/01/2026"], DateOrder.DAY_FIRST),
        (["01/31/2026"], DateOrder.MONTH_FIRST),
        (["03/04/2026"], DateOrder.UNKNOWN),
        (["2026-01-02", "soon"], None),
        (["31/01/2026", "01/31/2026"], DateOrder.UNKNOWN),
    ],
)
def test_the_order_of_dates_is_proved_or_left_open(
    values: list[str], order: DateOrder | None
) -> None:
    assert order_detect(values) == order
