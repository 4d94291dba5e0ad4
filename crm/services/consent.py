"""Writes the consent log: who allowed or refused mail, when and through what."""

from __future__ import annotations

from collections.abc import Iterable

from crm.models import ConsentEntry
from crm.services.origin import Origin


def consent_detail(origin: Origin) -> str:
    """Who or what the answer came through, in words."""
    return origin.reason or str(origin.actor or origin.id)


def consents_log(entries: Iterable[tuple[int, bool]], *, source: str, detail: str = "") -> None:
    """One line for each `(contact id, opted in)`, in the caller's transaction."""
    ConsentEntry.objects.bulk_create(
        [
            ConsentEntry(
                contact_id=contact_id, opted_in=opted_in, source=source, detail=detail[:250]
            )
            for contact_id, opted_in in entries
        ],
        batch_size=1000,
    )
