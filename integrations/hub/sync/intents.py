"""Writes of ours on their way: noted before the call, ended by what is known of it after."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db.models.functions import Now

from integrations.hub.merge import Sent
from integrations.hub.models import IntentOutcome, SyncRecord, WriteIntent
from integrations.hub.sync.link_rows import Kept
from integrations.hub.sync.ours import SYNC
from integrations.hub.sync.scene import Scene


def intents_close(kept: Mapping[int, Kept]) -> None:
    """What was seen to land is applied; the rest may still land late, for a while."""
    landed: list[str] = []
    for one in kept.values():
        unseen = {intent.key: intent for intent in one.commit.planned.unseen}
        for intent in one.commit.state.intents:
            if intent.key not in unseen:
                landed.append(intent.key)
            else:
                _looked(intent.key, sorted(unseen[intent.key].fields), is_first=intent.is_open)
    if landed:
        intents_end(landed, IntentOutcome.APPLIED)


def _looked(key: str, names: list[str], *, is_first: bool) -> None:
    row = WriteIntent.objects.filter(uid=uuid.UUID(key))
    values: dict[str, Any] = {"looked_at": Now()} if is_first else {}
    row.update(progress={"unseen": names}, **values)


def intents_open(scene: Scene, kept: Mapping[int, Kept]) -> dict[int, str]:
    """The intents of those that send something, in one statement; "" for the others."""
    rows: dict[int, WriteIntent] = {}
    for pk, one in kept.items():
        if one.commit.planned.pushes:
            rows[pk] = _intent(scene, one.pair.link, one.commit.planned.pushes)
    WriteIntent.objects.bulk_create(rows.values())
    return {pk: rows[pk].uid.hex if pk in rows else "" for pk in kept}


def _intent(scene: Scene, link: SyncRecord, pushes: Mapping[str, Sent]) -> WriteIntent:
    uid = uuid.uuid4()
    return WriteIntent(
        uid=uid,
        connection=scene.connection,
        kind=SYNC,
        key=f"{SYNC}:{uid.hex}",
        record_type=link.record_type,
        record_id=link.local_id,
        link=link,
        body={
            "fields": {path: [one.ours, one.sent] for path, one in pushes.items()},
            "mapping_version": scene.mapper.version,
        },
    )


def drop_intents(keys: list[str]) -> None:
    """They were not applied, for certain."""
    intents_end(keys, IntentOutcome.REFUSED)


def intents_end(keys: list[str], outcome: IntentOutcome) -> None:
    """What has become of them is known."""
    uids = [uuid.UUID(key) for key in keys]
    WriteIntent.objects.filter(uid__in=uids).update(outcome=outcome, closed_at=Now())
