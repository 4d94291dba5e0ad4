"""What a write of ours has left at theirs, judged by what was sent and what is found there."""

from __future__ import annotations

from typing import Any

from integrations.hub.merge.types import Codec


def landed_as(codec: Codec, sent: Any, found: Any) -> Any:
    """What a write whose answer was lost has left, as far as what is found there can tell.

    A vendor that trims or lowers what it is sent has left what it made of it; the answer, which
    would have said so, is lost.
    """
    as_sent, as_found = codec.canonical_theirs(sent), codec.canonical_theirs(found)
    return as_found if _plain(as_sent) == _plain(as_found) else as_sent


def _plain(value: Any) -> Any:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value
