"""Makes whose answer was lost: which there are, what they left at the vendor, and their end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django.db.models.functions import Now

from integrations.hub.merge import Base, Sent
from integrations.hub.merge.landing import landed_as
from integrations.hub.models import IntentOutcome, WriteIntent
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import quarantine
from integrations.hub.sync.deferring import MAKE
from integrations.hub.sync.links import NewLink, links_insert
from integrations.hub.sync.scene import Scene

# In the progress of a make.
UNLINKABLE: Final = "unlinkable"


def tries_of(scene: Scene, local_ids: Collection[int]) -> dict[int, WriteIntent]:
    """Makes of these records whose outcome nobody knows, by our id."""
    if not local_ids:
        return {}
    rows = WriteIntent.objects.filter(
        connection=scene.connection,
        kind=MAKE,
        record_type=scene.stream.record_type,
        record_id__in=list(local_ids),
        outcome=IntentOutcome.UNKNOWN,
        body__object=scene.stream.object,
    )
    return {row.record_id: row for row in rows.order_by("pk")}


def link_of_try(scene: Scene, local_id: int, found: RemoteRecord, intent: WriteIntent) -> NewLink:
    """The link with what an earlier make of ours left there, which is no change of theirs."""
    base = _base_of_try(scene, intent, found, local_id)
    return NewLink(local_id, found.id, base)


def matched_link(
    scene: Scene, matched: Mapping[str, int], records: Mapping[str, RemoteRecord]
) -> list[NewLink]:
    """Link things of theirs with the records of ours that they are; those that were linked now.

    Without a base, for nobody has compared them yet; but what we sent ourselves is known.
    """
    tries = tries_of(scene, list(matched.values()))
    links = [
        link_of_try(scene, pk, records[one], tries[pk]) if pk in tries else NewLink(pk, one)
        for one, pk in matched.items()
    ]
    made = links_insert(scene, links)
    tries_close(list(tries.values()))
    quarantine.release(scene, local_ids=list(matched.values()))
    return [link for link in links if link.external_id in made]


def tries_close(intents: Sequence[WriteIntent]) -> None:
    """They have landed, for their records are linked."""
    tries_end(intents, IntentOutcome.APPLIED)


def sent_of(scene: Scene, intent: WriteIntent) -> dict[str, Sent]:
    """What it sent of the fields that are still mapped as they were then: what may be a base.

    How the thing is found and recognised there is another matter; see named_sent.
    """
    fields: dict[str, list[Any]] = intent.body["fields"]
    still = scene.mapper.still_meant(fields, intent.body.get("mapping_version", 0))
    return {path: Sent(*pair) for path, pair in still.items()}


def unlinkable_note(intent: WriteIntent) -> None:
    """It has landed under an id that no link can hold; until a person acts it stays so."""
    intent.progress[UNLINKABLE] = True
    intent.save(update_fields=["progress"])


def named_sent(scene: Scene, intent: WriteIntent) -> dict[str, Any]:
    """All that it sent, by the vendor's names of then, be they mapped to the same by now or not."""
    names = intent.body.get("names") or {row.path: row.external for row in scene.mapper.rows}
    fields: dict[str, list[Any]] = intent.body["fields"]
    return {names[path]: sent for path, (_, sent) in fields.items() if path in names}


def tries_end(intents: Sequence[WriteIntent], outcome: IntentOutcome) -> None:
    """What has become of them is known."""
    ids = [intent.pk for intent in intents]
    if ids:
        WriteIntent.objects.filter(pk__in=ids).update(outcome=outcome, closed_at=Now())


def _base_of_try(scene: Scene, intent: WriteIntent, found: RemoteRecord, local_id: int) -> Base:
    """What our lost make left: all of it where the thing bears our marks, else what is equal.

    Our id alone says that it is ours. A vendor that takes a make in several calls has the mark of
    the write only after the last: what one broke off left out is no change of theirs.
    """
    theirs, ours, base = scene.theirs(found), {}, {}
    is_whole = theirs.marker in (None, intent.uid.hex)
    is_ours = is_whole and scene.id_marked(found.values) == local_id
    codecs = scene.codecs
    for path, sent in sent_of(scene, intent).items():
        if path not in codecs:
            continue
        there = landed_as(codecs[path], sent.sent, theirs.values.get(path))
        if is_ours or codecs[path].canonical_theirs(theirs.values.get(path)) == there:
            ours[path], base[path] = codecs[path].canonical_ours(sent.ours), there
    return Base(ours, base)
