"""Takes records of theirs over that no record of ours is linked with: matched, or made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS

from crm.services.batches import BatchResult, records_write
from integrations.hub.conflict_lines import field_words
from integrations.hub.errors import Conflict
from integrations.hub.merge import Base
from integrations.hub.merge.newcomers import plan_of_newcomer
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import deferring, quarantine
from integrations.hub.sync.bases import base_written
from integrations.hub.sync.derived import derived_there
from integrations.hub.sync.lagging import written_there
from integrations.hub.sync.links import NewLink, links_insert, links_of
from integrations.hub.sync.matching import strangers_meet
from integrations.hub.sync.page import Page
from integrations.hub.sync.quarantine import INVALID, REQUIRED, Trouble
from integrations.hub.sync.scene import Scene
from integrations.hub.sync.tries import matched_link


def strangers_take(page: Page, strangers: Sequence[RemoteRecord]) -> None:
    """Match them with ours, or make ours of them."""
    if not strangers:
        return
    scene = page.scene
    for one in strangers:
        page.plans[one.id] = plan_of_newcomer(scene.new_fields, scene.theirs(one))
    values = {one.id: scene.mapper.for_service(page.plans[one.id].pulls) for one in strangers}
    met = strangers_meet(scene, strangers, values)
    fresh, waiting = deferring.known_makes_apart(scene, met.fresh)
    matched = matched_link(scene, met.matched, page.records)
    page.linked += matched
    page.counts.matched += len(matched)
    page.links |= links_of(scene, [link.external_id for link in matched])
    page.set_aside(met.troubles)
    page.deferred = waiting
    _make_ours(page, fresh, values)


def _linked(page: Page, links: Sequence[NewLink]) -> dict[str, int]:
    made = links_insert(page.scene, links)
    page.linked += [link for link in links if link.external_id in made]
    return made


def _make_ours(page: Page, ids: Sequence[str], values: Mapping[str, dict[str, Any]]) -> None:
    scene = page.scene
    missing = {one: scene.mapper.missing(page.plans[one].pulls) for one in ids}
    troubles = {
        one: Trouble(REQUIRED, f"Empty there, but needed: {', '.join(names)}.", tuple(names))
        for one, names in missing.items()
        if names
    }
    wanted = [one for one in ids if one not in troubles]
    results, _ = records_write(
        scene.model,
        workspace=scene.connection.workspace,
        creates=[{**scene.stream.defaults, **values[one]} for one in wanted],
        updates=[],
        origin=scene.origin,
        drop_bad_fields=True,
    )
    links: list[NewLink] = []
    versions = _versions(scene, results)
    for one, result in zip(wanted, results, strict=True):
        if result.record_id is None:
            troubles[one] = refused(scene, result)
        else:
            version = versions[result.record_id]
            links.append(_new_link(page, page.records[one], result, version=version))
    made = _linked(page, links)
    if len(made) != len(links):
        raise Conflict("A link was made meanwhile; the page is taken over again.")
    page.counts.created += len(made)
    page.dirty |= derived_there(scene, {link.local_id: link.base for link in links}, versions)
    quarantine.release(scene, external_ids=list(made))
    for one in made:
        # In step as it is: only what could not be taken over needs another look.
        del page.records[one]
    page.set_aside(troubles)


def refused(scene: Scene, result: BatchResult) -> Trouble:
    """By the names that people know the fields by; what is said of the whole comes after them.

    That is of the record as it was without the fields that were refused.
    """
    errors = dict(result.errors)
    about_all = " ".join(errors.pop(NON_FIELD_ERRORS, ()))
    named = [
        f"{field_words(scene.stream.record_type, name)}: {' '.join(said)}"
        for name, said in errors.items()
    ]
    if named and about_all:
        about_all = f"Without {'it' if len(named) == 1 else 'them'}: {about_all}"
    words = " ".join([*named, about_all]).strip()
    return Trouble(INVALID, words or "It was refused.", tuple(sorted(errors)))


def _versions(scene: Scene, results: Sequence[BatchResult]) -> dict[int, int]:
    """Rules may have written a new record again at once, such as a lead's score."""
    ids = [result.record_id for result in results if result.record_id is not None]
    if not ids:
        return {}
    rows = scene.model._default_manager.filter(pk__range=(min(ids), max(ids)), version__gt=1)
    return dict.fromkeys(ids, 1) | dict(rows.values_list("pk", "version"))


def _new_link(page: Page, record: RemoteRecord, result: BatchResult, *, version: int) -> NewLink:
    planned = page.plans[record.id]
    base, problems = base_written(page.scene, planned, result, before=Base())
    base = _with_defaults(page.scene, base)
    read_at = page.asked_at_of(record.id)
    return NewLink(
        local_id=int(result.record_id or 0),
        external_id=record.id,
        base=base,
        local_version=version,
        version=record.version,
        modified_at=written_there(page.scene, page.scene.modified_at(record), read_at),
        folded_at=read_at.isoformat(),
        problems={**planned.failures, **problems},
        waits_for=planned.waits_for,
    )


def _with_defaults(scene: Scene, base: Base) -> Base:
    """What a new record of ours holds by itself is no change that theirs, being blank, lacks."""
    blank = {
        path: default
        for path, default in scene.defaults.items()
        if path in base.ours and base.ours[path] is None
    }
    return Base({**base.ours, **blank}, base.theirs)
