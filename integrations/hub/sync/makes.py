"""Makes on their way: what is sent of each record, and the intents that say so beforehand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.models import Record
from integrations.hub.errors import Conflict
from integrations.hub.merge import Plan, Sent
from integrations.hub.merge.types import BLANK
from integrations.hub.models import WriteIntent
from integrations.hub.streams import Write
from integrations.hub.sync.deferring import MAKE
from integrations.hub.sync.remote import marks
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import UNLINKABLE, named_sent, sent_of


@dataclass
class Made:
    """What became of records without a link: made, linked with one that was there, or stopped.

    Of those `adopted` nobody has compared the two sides yet.
    """

    adopted: set[int] = field(default_factory=set)
    errors: dict[int, Exception] = field(default_factory=dict)


@dataclass
class Making:
    """One record on its way: its plan and its intent.

    `is_again`: an earlier try was sent, so the body may be older than the record.
    """

    scene: Scene
    record: Record
    planned: Plan
    intent: WriteIntent | None = None
    is_again: bool = False

    @property
    def sent(self) -> dict[str, Sent]:
        if self.intent is not None:
            return sent_of(self.scene, self.intent)
        return {path: one for path, one in self.planned.pushes.items() if one.sent not in BLANK}

    @property
    def is_unlinkable(self) -> bool:
        """It is there, under an id that no link can hold, and may not be found again."""
        return self.intent is not None and UNLINKABLE in self.intent.progress

    @property
    def natural_key(self) -> Any:
        """What it is found by there, as it was sent or would be; None for nothing."""
        if self.intent is not None:
            return named_sent(self.scene, self.intent).get(self.scene.stream.natural_key)
        sent = self.sent.get(self.scene.natural_path)
        return sent.sent if sent is not None else None


def makes_intend(scene: Scene, work: Mapping[int, Making]) -> None:
    """Before the call; the body stays as it is, however often it is sent."""
    fresh = []
    for pk, one in work.items():
        if one.intent is None:
            uid = uuid.uuid4()
            sent = {path: [s.ours, s.sent] for path, s in one.sent.items()}
            values = scene.mapper.for_vendor({path: s.sent for path, s in one.sent.items()})
            values |= marks(scene, pk, uid.hex, None)
            one.intent = WriteIntent(
                uid=uid,
                connection=scene.connection,
                kind=MAKE,
                key=f"{MAKE}:{uid.hex}",
                record_type=scene.stream.record_type,
                record_id=pk,
                body={
                    "object": scene.stream.object,
                    "fields": sent,
                    "names": {row.path: row.external for row in scene.mapper.rows},
                    "values": values,
                    "mapping_version": scene.mapper.version,
                },
            )
            fresh.append(one.intent)
    WriteIntent.objects.bulk_create(fresh)


def write_of(scene: Scene, one: Making) -> Write:
    if one.intent is None:
        raise Conflict("Nothing is made without an intent.")
    return Write(
        key=one.intent.uid.hex,
        external_id=None,
        local_id=scene.id_mark(one.record.pk),
        values=one.intent.body["values"],
    )
