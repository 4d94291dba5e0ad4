"""What the doctor says in a demo, where one command makes and mends everything."""

from __future__ import annotations

from django.conf import settings

from nexa.doctor.finding import Finding
from nexa.serve.folders import is_demos

ADVICE = "Run make demo."


def is_demo_unmade() -> bool:
    """A demo whose folder holds nothing yet: no part of it can be looked at."""
    return settings.DEMO and not settings.DATABASE_URL and not is_demos(settings.DATA_FOLDER)


def unmade_found() -> Finding:
    return Finding("Demo", "not made yet: there is no data to look at", ADVICE)


def mend_of(words: str) -> str:
    """The words are for an installation for real; the steps they name are `make demo`'s own."""
    return ADVICE if settings.DEMO else words
