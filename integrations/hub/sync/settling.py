"""The end of links whose things are gone at the vendor, and what follows from it for our records.

Each by itself: what fails for one is set aside with its reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import transaction

from crm.models import Record
from crm.services.entities import is_archivable, services_of
from crm.services.errors import ServiceError
from crm.services.ledger import append_act
from integrations.hub import jobs
from integrations.hub.classification import classified, is_of_one_record
from integrations.hub.faults import fault
from integrations.hub.merge import Direction
from integrations.hub.models import GONE_WORDS, MADE_AGAIN_WORDS, SyncRecord, TheirDelete
from integrations.hub.pace import BULK_HEAD_START_SECONDS
from integrations.hub.redaction import redact
from integrations.hub.sync import quarantine
from integrations.hub.sync.counting import run_count
from integrations.hub.sync.links import tombstone
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.ours import records_load
from integrations.hub.sync.page import Counts
from integrations.hub.sync.quarantine import Trouble
from integrations.hub.sync.scene import Scene

KEPT: Final = "kept_here"
UNSETTLED: Final = "gone_there"


def links_settle(scene: Scene, links: Sequence[SyncRecord]) -> list[Exception]:
    """What failed of single ones, which are set aside.

    Raises only what is the trouble of all: our database is away, or the vendor is.
    """
    records = records_load(scene, {link.local_id for link in links})
    failed: list[Exception] = []
    for link in links:
        try:
            with transaction.atomic():
                quarantine.release(scene, external_ids=[link.external_id])
                _settle(scene, link, records.get(link.local_id))
                _count(scene)
        except Exception as error:
            _set_aside(scene, link, error)
            failed.append(error)
    return failed


def _count(scene: Scene) -> None:
    """However it was heard of: what a listing left out counts like what an event has told."""
    run = scene.writing_run()
    if run is not None:
        run_count(run, Counts(gone=1))


def _set_aside(scene: Scene, link: SyncRecord, error: Exception) -> None:
    """The link stays as it is, so that the next run does it again."""
    known = classified(error, scene.connection.declaration.error)
    if not is_of_one_record(known):
        raise error
    said = redact(str(known), scene.connection.credentials.texts()).replace("\x00", "")
    words = f"It is gone there, and what follows from it here failed: {said}"
    quarantine.theirs_keep(scene, {link.external_id: Trouble(UNSETTLED, words)})


def _settle(scene: Scene, link: SyncRecord, record: Record | None) -> None:
    """The link's end and what follows from it, in one commit."""
    if record is None or record_is_archived(record) or link.is_erased:
        tombstone(link, GONE_WORDS)
        return
    is_again = _is_made_again(scene, link, record)
    tombstone(link, MADE_AGAIN_WORDS if is_again else GONE_WORDS)
    fault("sync.gone_settled")
    if is_again:
        _remember_again(scene, link, record)
        named = (scene.connection.pk, scene.stream.record_type)
        jobs.dirty(*named, [record.pk], BULK_HEAD_START_SECONDS)
    elif scene.state.on_their_delete == TheirDelete.ARCHIVE and is_archivable(scene.model):
        _archive(scene, link, record)


def _remember_again(scene: Scene, link: SyncRecord, record: Record) -> None:
    """Of no run: nothing of ours was written, so an undo has nothing to take back."""
    is_wanted = scene.state.on_their_delete == TheirDelete.RECREATE
    why = "as is set for all" if is_wanted else "as ours was changed since"
    said = f"{link.external_id[:80]} was deleted there, and is made again, {why}."
    append_act(
        workspace_id=record.workspace_id,
        subject=(scene.stream.record_type, record.pk),
        diff={},
        origin=replace(
            scene.origin_of(None), reason=f"{scene.connection.name}: {scene.stream.label}. {said}"
        ),
    )


def _archive(scene: Scene, link: SyncRecord, record: Record) -> None:
    """One that its service will not archive is kept, without a link, and a person hears of it."""
    try:
        with transaction.atomic():
            services_of(scene.model).archive(record, origin=scene.origin)
    except ServiceError as refusal:
        words = f"It is gone there, and ours is kept without a link: {refusal}"
        quarantine.theirs_keep(scene, {link.external_id: Trouble(KEPT, words)})


def _is_made_again(scene: Scene, link: SyncRecord, record: Record) -> bool:
    if scene.direction == Direction.PULL:
        return False
    if scene.state.on_their_delete == TheirDelete.RECREATE:
        return True
    values, base = scene.mapper.ours(record), scene.base_of(link).ours
    return any(
        one.name in base and one.codec.canonical_ours(values[one.name]) != base[one.name]
        for one in scene.fields
        if one.direction != Direction.PULL
    )
