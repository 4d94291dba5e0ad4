"""Makes of records that were archived, or parted, before anybody knew whether they had arrived.

Left alone, what did arrive would come back as a new record, of which nobody knows whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from crm.models import Record
from integrations.hub.errors import LookAgain
from integrations.hub.mapping.chain import Chain
from integrations.hub.mapping.paths import theirs_read
from integrations.hub.merge.landing import landed_as
from integrations.hub.models import IntentOutcome, LinkState, SyncRecord, WriteIntent
from integrations.hub.streams import LONGEST_ID, RemoteRecord
from integrations.hub.sync import deletes
from integrations.hub.sync.finding import already_there
from integrations.hub.sync.links import linking_lock, links_insert, links_of
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.ours import LATE
from integrations.hub.sync.remote import database_now
from integrations.hub.sync.scene import Scene, storable
from integrations.hub.sync.tries import link_of_try, named_sent, tries_end, tries_of


def abandoned_settle(scene: Scene, records: Sequence[Record]) -> dict[int, Exception]:
    """Look for what was made of these records, which have no link; by id, what stopped one.

    What is there is linked, and dealt with as any other where its record is archived here. What is
    not may still land for a while, and is looked for again then.
    """
    intents = tries_of(scene, [record.pk for record in records])
    if not intents:
        return {}
    sent = {pk: named_sent(scene, intent) for pk, intent in intents.items()}
    keys = {pk: values.get(scene.stream.natural_key) for pk, values in sent.items()}
    names = {name for values in sent.values() for name in values}
    found = already_there(scene, keys, list(intents), sorted(names))
    errors: dict[int, Exception] = {}
    for record in records:
        intent = intents.get(record.pk)
        if intent is not None:
            try:
                _settle(scene, record, intent, found.get(record.pk))
            except Exception as error:
                errors[record.pk] = error
    return errors


def _settle(scene: Scene, record: Record, intent: WriteIntent, found: RemoteRecord | None) -> None:
    # Of what no link can hold nothing can be kept, so it is left there as it is.
    is_linkable = found is not None and len(found.id) <= LONGEST_ID
    link = _linked(scene, record, intent, found) if found and is_linkable else None
    if link is not None:
        if record_is_archived(record):
            deletes.record_archived(scene, record, link)
        return
    left = (intent.created_at + LATE - database_now()).total_seconds()
    if left > 0:
        raise LookAgain(
            "It may be on its way there from an earlier try; it is looked for again.",
            after=left + 1,
        )
    tries_end([intent], IntentOutcome.REFUSED)


@transaction.atomic
def _linked(
    scene: Scene, record: Record, intent: WriteIntent, found: RemoteRecord
) -> SyncRecord | None:
    """The link with what our make left there; None for what somebody else has made."""
    linking_lock(scene)
    there = links_of(scene, [found.id]).get(found.id)
    if there is None and _is_as_sent(scene, record, intent, found):
        links_insert(scene, [link_of_try(scene, record.pk, found, intent)])
        there = links_of(scene, [found.id]).get(found.id)
    if there is None or there.local_id != record.pk or there.state != LinkState.ACTIVE:
        return None
    tries_end([intent], IntentOutcome.APPLIED)
    return there


def _is_as_sent(scene: Scene, record: Record, intent: WriteIntent, found: RemoteRecord) -> bool:
    """By our id on it, or where they keep none by all that was sent, mapped still or not."""
    if scene.id_marker:
        return bool(scene.id_marked(found.values) == record.pk)
    sent = named_sent(scene, intent)
    chains = {row.external: row.chain for row in scene.mapper.rows}
    return bool(sent) and all(
        _holds(found, name, value, chains.get(name, Chain())) for name, value in sent.items()
    )


def _holds(found: RemoteRecord, name: str, sent: Any, chain: Chain) -> bool:
    there = storable(theirs_read(found.values, name))
    return bool(chain.canonical_theirs(there) == landed_as(chain, sent, there))
