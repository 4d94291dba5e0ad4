"""Values there and back: HTML and text, days and zones, words, names; no calls."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.hubspot.client.values import object_read
from integrations.hubspot.kinds import KINDS
from integrations.hubspot.plain_text import first_words, html_of_text, text_of_html
from integrations.hubspot.translate import Reader, former_ids, sent_of

SYDNEY, NEW_YORK = ZoneInfo("Australia/Sydney"), ZoneInfo("America/New_York")


def read(kind: str, properties: dict[str, str | None], *fields: str, **options: object) -> object:
    found = object_read({"id": "7", "properties": properties})
    return Reader(KINDS[kind], fields, **options).record(found).values  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Called", "Called"),
        ("<p>Hello <b>Ada</b></p><p>Bye</p>", "Hello Ada\nBye"),
        ("<div>a<br>b</div>", "a\nb"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("a &lt; b &amp; c", "a < b & c"),
        ("<style>p{}</style><script>x</script>seen", "seen"),
        ("1 < 2", "1 < 2"),
        ("<p></p>", ""),
    ],
)
def test_html_becomes_its_words(source: str, text: str) -> None:
    assert text_of_html(source) == text


WORDS = st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n<>&;")


@given(st.text(WORDS, max_size=60))
def test_text_comes_back_as_it_was_sent(text: str) -> None:
    sent = text.replace("\xa0", " ").strip()
    # More than one empty line in a row is one.
    while "\n\n\n" in sent:
        sent = sent.replace("\n\n\n", "\n\n")

    assert text_of_html(html_of_text(sent)) == sent


def test_first_words_are_the_first_line_cut() -> None:
    assert first_words("\n Hello \nmore") == "Hello"
    assert len(first_words("x" * 200)) == 80
    assert read("notes", {"hs_note_body": "<p>Hi</p><p>there</p>"}, "@subject") == {
        "@subject": "Hi"
    }
    assert read("notes", {"hs_note_body": ""}, "@subject") == {"@subject": "Note"}


@pytest.mark.parametrize(
    ("zone", "theirs"),
    [(SYDNEY, "2026-11-29T13:00:00.000Z"), (NEW_YORK, "2026-11-30T05:00:00.000Z")],
)
def test_close_date_is_the_portals_day(zone: ZoneInfo, theirs: str) -> None:
    sent = sent_of(KINDS["deals"], {"closedate": "2026-11-30"}, zone=zone)

    assert sent.properties["closedate"] == theirs
    for time in (theirs, "2026-11-30T12:00:00Z", "2026-11-30"):
        assert read("deals", {"closedate": time}, "closedate", zone=zone) == {
            "closedate": "2026-11-30"
        }


def test_record_without_a_name_is_called_something() -> None:
    assert read("companies", {"name": None, "domain": "ada.test"}, "name") == {"name": "ada.test"}
    assert read("companies", {"name": " "}, "name") == {"name": "Company 7"}
    assert read("deals", {}, "dealname") == {"dealname": "Deal 7"}
    assert read("calls", {"hs_call_title": "Hi"}, "hs_call_title") == {"hs_call_title": "Hi"}


def test_choice_without_a_value_means_what_hubspot_takes_it_for() -> None:
    names = ("hs_task_status", "hs_task_priority", "hs_task_type")

    assert read("tasks", {}, *names) == {
        "hs_task_status": "NOT_STARTED",
        "hs_task_priority": "NONE",
        "hs_task_type": "TODO",
    }


def test_only_what_is_asked_is_told_and_no_link_is_blank() -> None:
    assert read("contacts", {"email": "a@b.test", "phone": "1"}, "email", "@companies") == {
        "email": "a@b.test",
        "@companies": "",
    }


def test_archived_record_tells_its_id_only() -> None:
    found = object_read({"id": "7", "properties": {"email": "a@b.test"}, "archived": True})

    record = Reader(KINDS["contacts"], ("email",)).record(found)

    assert (record.id, record.is_deleted, record.values) == ("7", True, {})


def test_former_ids_are_all_that_went_into_it() -> None:
    found = object_read({"id": "7", "properties": {"hs_merged_object_ids": "5;6;7"}})

    assert former_ids(found, "4") == ("5", "6", "4")


def test_sent_values_are_texts_and_links_apart() -> None:
    sent = sent_of(
        KINDS["contacts"], {"firstname": None, "phone": 7, "@companies": "77", "@subject": "x"}
    )

    assert sent.properties == {"firstname": "", "phone": "7"}
    assert sent.links == {"companies": "77"}


def test_meeting_begins_when_it_is() -> None:
    sent = sent_of(KINDS["meetings"], {"hs_timestamp": "2026-11-22T08:00:00.000Z"}, is_new=True)

    assert sent.properties["hs_meeting_start_time"] == "2026-11-22T08:00:00.000Z"


def test_call_without_a_direction_is_sent_without_one() -> None:
    assert sent_of(KINDS["calls"], {"hs_call_direction": "NONE"}).properties == {
        "hs_call_direction": ""
    }
