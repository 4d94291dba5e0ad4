"""Stored names of commands and events as people read them; pure."""

from __future__ import annotations


def command_words(kind: str) -> str:
    """A command is named thing first, act last: `subscription_create` is `Create subscription`."""
    *thing, act = kind.split("_")
    return " ".join([act.capitalize(), *thing])


def event_words(kind: str) -> str:
    """`customer.subscription.created` is `Customer subscription created`."""
    words = " ".join(kind.replace(".", " ").replace("_", " ").replace("/", " ").split())
    return words[:1].upper() + words[1:] or "Event"
