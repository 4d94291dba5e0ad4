"""Makes records of ours at the vendor: looked for first, with an intent committed before the call.

A make whose answer was lost is looked for by our id or by its natural key, and sent again with the
same body and key if it is not there; so there is never a second one where the vendor has a unique
field, and the chance is small where it has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import transaction

from crm.models import Record
from integrations.hub.errors import Exists, HubError, LeaseLost, OutcomeUnknown, Rejected
from integrations.hub.faults import fault
from integrations.hub.merge import Base, Theirs, plan
from integrations.hub.models import IntentOutcome, LinkState
from integrations.hub.streams import LONGEST_ID, RemoteRecord, Written
from integrations.hub.sync import quarantine
from integrations.hub.sync.finding import already_there, any_with_key
from integrations.hub.sync.heirs import tombstone_replaced
from integrations.hub.sync.lagging import written_there
from integrations.hub.sync.links import (
    NewLink,
    linked_ids,
    linking_lock,
    links_insert,
    links_of,
    waiting_wake,
)
from integrations.hub.sync.makes import Made, Making, makes_intend, write_of
from integrations.hub.sync.ours import ours_of
from integrations.hub.sync.quarantine import DUPLICATE, INVALID, REQUIRED, Trouble
from integrations.hub.sync.remote import (
    database_now,
    is_refused,
    remote_read,
    remote_write,
    told,
)
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.telling_times import made_times
from integrations.hub.sync.tries import link_of_try, tries_end, tries_of, unlinkable_note

TOO_LONG: Final = (
    "The id that it has there is too long, so it stays without a link and is not made again. "
    "To have it made anew, archive it here and restore it ten minutes later."
)


def make_batch(scene: Scene, records: Sequence[Record]) -> Made:
    """Link each record with a thing of theirs: one that is there, or one that is made."""
    made = Made()
    work = _planned(scene, records, made)
    keys = {pk: one.natural_key for pk, one in work.items()}
    tried = [pk for pk, one in work.items() if one.is_again]
    for pk, found in already_there(scene, keys, tried).items():
        _adopt(scene, work.pop(pk), found, made)
    for pk in [pk for pk, one in work.items() if one.is_unlinkable]:
        _refuse(scene, made, work.pop(pk), Trouble(INVALID, TOO_LONG))
    makes_intend(scene, work)
    _send(scene, work, made)
    return made


def _planned(scene: Scene, records: Sequence[Record], made: Made) -> dict[int, Making]:
    intents = tries_of(scene, [record.pk for record in records])
    work: dict[int, Making] = {}
    for record in records:
        planned = plan(scene.fields, ours_of(scene, record), Theirs({}), Base())
        intent = intents.get(record.pk)
        one = Making(scene, record, planned, intent, is_again=intent is not None)
        missing = scene.mapper.missing({path: s.sent for path, s in one.sent.items()})
        if missing and one.intent is None:
            _refuse(scene, made, one, Trouble(REQUIRED, _missing_words(missing), tuple(missing)))
        else:
            work[record.pk] = one
    return work


def _missing_words(paths: Sequence[str]) -> str:
    return f"The vendor needs {', '.join(paths)}, which our record does not have."


def _adopt(scene: Scene, one: Making, found: RemoteRecord, made: Made) -> None:
    """Link with what is there. What an earlier try of ours left there is no change of theirs."""
    if _is_refused_for_its_id(scene, one, found, made):
        return
    pk = one.record.pk
    with transaction.atomic():
        linking_lock(scene)
        there = links_of(scene, [found.id]).get(found.id)
        if pk in linked_ids(scene, [pk]):
            made.adopted.add(pk)
        elif there is not None and there.state != LinkState.TOMBSTONE:
            words = f"{found.id} of theirs has the same key and is linked to another of ours."
            _refuse(scene, made, one, Trouble(DUPLICATE, words))
            return
        else:
            link = NewLink(pk, found.id)
            if one.intent is not None:
                link = link_of_try(scene, pk, found, one.intent)
            insert = partial(links_insert, scene, [link])
            # Of a tombstone ours is gone or archived, and the thing itself is there.
            tombstone_replaced(there, insert) if there is not None else insert()
            waiting_wake(scene, [link])
            made.adopted.add(pk)
        if one.intent is not None:
            tries_end([one.intent], IntentOutcome.APPLIED)
        quarantine.release(scene, local_ids=[pk])


def _send(scene: Scene, work: Mapping[int, Making], made: Made) -> None:
    if not work:
        return
    fault("make.before_api")
    try:
        written = remote_write(scene, [write_of(scene, one) for one in work.values()])
    except Exception as error:
        made.errors |= dict.fromkeys(work, error)
        return
    fault("make.after_api")
    for one in work.values():
        key = one.intent.uid.hex if one.intent else ""
        _finish(scene, one, written.get(key), made)


def _finish(scene: Scene, one: Making, written: Written | None, made: Made) -> None:
    error = written.error if written else OutcomeUnknown("The vendor did not say what became.")
    if isinstance(error, Exists):
        _adopt_existing(scene, one, error, made)
    elif error is not None:
        _fail(scene, one, error, made)
    elif written is None or written.record is None:
        _fail(scene, one, OutcomeUnknown("The vendor told no id."), made)
    else:
        _link(scene, one, written.record, made)


def _link(scene: Scene, one: Making, record: RemoteRecord, made: Made) -> None:
    """Both sides are in step as sent, and as answered where that differs."""
    if _is_refused_for_its_id(scene, one, record, made):
        return
    answer, ours, theirs = told(scene, record), {}, {}
    codecs = {each.name: each.codec for each in scene.fields}
    for path, sent in one.sent.items():
        if path in codecs:
            ours[path] = codecs[path].canonical_ours(sent.ours)
            said = answer.values.get(path, sent.sent)
            theirs[path] = codecs[path].canonical_theirs(said)
    now = database_now()
    written_at = written_there(scene, answer.modified_at, now)
    link = NewLink(
        local_id=one.record.pk,
        external_id=record.id,
        base=Base(ours, theirs),
        local_version=one.record.version,
        version=record.version,
        modified_at=written_at,
        folded_at=now.isoformat(),
        problems=dict(one.planned.failures),
        waits_for=one.planned.waits_for,
        told_at=_told_at(scene, one, written_at, theirs),
    )
    with transaction.atomic():
        linking_lock(scene)
        is_new = bool(links_insert(scene, [link]))
        if is_new:
            waiting_wake(scene, [link])
        elif one.record.pk not in linked_ids(scene, [one.record.pk]):
            words = f"{record.id} of theirs is linked to another of ours."
            _refuse(scene, made, one, Trouble(DUPLICATE, words))
            return
        if one.intent is not None:
            tries_end([one.intent], IntentOutcome.APPLIED)
        quarantine.release(scene, local_ids=[one.record.pk])
    if one.is_again:
        made.adopted.add(one.record.pk)


def _told_at(
    scene: Scene, one: Making, written_at: datetime | None, names: Collection[str]
) -> dict[str, Any]:
    """Needed where nobody can be asked; elsewhere a look decides what is news."""
    if scene.stream.read is not None or one.intent is None:
        return {}
    return made_times(written_at, names, sent_at=one.intent.created_at)


def _is_refused_for_its_id(scene: Scene, one: Making, there: RemoteRecord, made: Made) -> bool:
    """No link can hold so long an id. Its intent stays and says so, lest it be made once more."""
    if len(there.id) <= LONGEST_ID:
        return False
    if one.intent is not None:
        unlinkable_note(one.intent)
    _refuse(scene, made, one, Trouble(INVALID, TOO_LONG))
    return True


def _adopt_existing(scene: Scene, one: Making, error: Exists, made: Made) -> None:
    """Somebody made it meanwhile, or no look could find it: it is there, so take it."""
    key = one.natural_key
    if one.intent is not None:
        tries_end([one.intent], IntentOutcome.REFUSED)
        one.intent = None
    ids = [error.external_id] if error.external_id else []
    there = list(remote_read(scene, ids).values())
    if not there:
        there = any_with_key(scene, key)
    if not there and error.external_id and scene.stream.read is None:
        there = [RemoteRecord(error.external_id)]
    if there:
        _adopt(scene, one, there[0], made)
    else:
        _fail(scene, one, Rejected(str(error)), made)


def _fail(scene: Scene, one: Making, error: HubError, made: Made) -> None:
    """A refusal closes the intent; of anything else nobody knows whether it was applied.

    That a repeated call was held back (a limit, a gate) tells nothing of the one before it, and who
    has lost the lease knows nothing of what its next holder has sent.
    """
    is_known = is_refused(error) and not isinstance(error, LeaseLost)
    is_over = is_known and (isinstance(error, Rejected) or not one.is_again)
    if is_over and one.intent is not None:
        tries_end([one.intent], IntentOutcome.REFUSED)
    if isinstance(error, Rejected):
        _refuse(scene, made, one, Trouble(INVALID, str(error)), error)
    else:
        made.errors[one.record.pk] = error


def _refuse(
    scene: Scene, made: Made, one: Making, trouble: Trouble, error: HubError | None = None
) -> None:
    quarantine.ours_keep(scene, {one.record.pk: trouble})
    made.errors[one.record.pk] = error or Rejected(trouble.message)
