"""Stored names of commands and events, and lengths of time, as people read them; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# Why a look at a thing of theirs is not due yet; kept with its job.
DROPPED_LATE: Final = "dropped_late"
LISTED_LATE: Final = "listed_late"
WAITS: Final = {
    DROPPED_LATE: "It is looked at again then: what a vendor drops with a deletion shows late.",
    LISTED_LATE: "It is looked at then: lists of the vendor may not show yet what is there.",
}


def command_words(kind: str) -> str:
    """A command is named thing first, act last: `subscription_create` is `Create subscription`."""
    *thing, act = kind.split("_")
    return " ".join([act.capitalize(), *thing])


def event_words(kind: str) -> str:
    """`customer.subscription.created` is `Customer subscription created`."""
    words = " ".join(kind.replace(".", " ").replace("_", " ").replace("/", " ").split())
    return words[:1].upper() + words[1:] or "Event"


def age_words(seconds: float) -> str:
    """Rounded to the unit people think in."""
    whole = timedelta(seconds=max(0, round(seconds)))
    if whole.total_seconds() < 120:
        return f"{whole.total_seconds():.0f} s"
    if whole < timedelta(hours=2):
        return f"{whole.total_seconds() / 60:.0f} min"
    if whole < timedelta(days=2):
        return f"{whole.total_seconds() / 3600:.0f} h"
    return f"{whole.days} days"


def time_words(seconds: float) -> str:
    """How long something took; short times to the hundredth."""
    return f"{seconds:.2f} s" if seconds < 10 else age_words(seconds)
