"""Mood and wish of a text, and that a text is never more than evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.text import INTENT_PHRASES, OTHER, intent_of, sentiment_label, text_read


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Thanks, this is great and very helpful!", "positive"),
        ("The export is broken and support is slow.", "negative"),
        ("This is not good.", "negative"),
        ("No problem at all.", "positive"),
        ("We met on Tuesday.", "neutral"),
        ("Good product, bad invoice.", "neutral"),
        ("", "neutral"),
    ],
)
def test_sentiment(text: str, label: str) -> None:
    assert text_read(text).label == label


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("How much is it for ten seats?", "pricing"),
        ("Can we schedule a call next week?", "meeting"),
        ("I can't log in, there is an error.", "support"),
        ("This is unacceptable, I want a refund.", "complaint"),
        ("Please cancel our subscription.", "cancellation"),
        ("Automatic reply: I am out of the office until Monday.", "out_of_office"),
        ("Please unsubscribe me.", "unsubscribe"),
        ("I was referred by Jane.", "referral"),
        ("The sky is blue.", OTHER),
    ],
)
def test_intent(text: str, intent: str) -> None:
    assert intent_of(text) == intent


def test_quoted_mail_is_not_read() -> None:
    text = "Great, thanks!\n\nOn Mon, 4 May 2026 Bob <b@x.test> wrote:\n> cancel my terrible plan"

    reading = text_read(text)

    assert (reading.label, reading.intent) == ("positive", OTHER)


@given(st.text(max_size=500))
def test_reading_is_always_within_its_bounds(text: str) -> None:
    reading = text_read(text)

    assert -1 <= reading.sentiment <= 1
    assert reading.label == sentiment_label(reading.sentiment)
    assert reading.intent in {*INTENT_PHRASES, OTHER}
