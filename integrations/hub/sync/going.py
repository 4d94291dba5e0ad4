"""Notes which things of a page are gone there; what follows is decided when all has been seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations.hub.models import LinkState, QuarantinedItem, SyncRecord
from integrations.hub.streams import RemoteRecord
from integrations.hub.sync import freeing, quarantine
from integrations.hub.sync.away import away_note
from integrations.hub.sync.links import linked_ids
from integrations.hub.sync.matching import record_is_archived
from integrations.hub.sync.page import Page
from integrations.hub.sync.settling import KEPT, UNSETTLED


def gone_take(page: Page) -> None:
    """Only marked; they leave the page."""
    gone = [one for one in page.records.values() if one.is_deleted]
    if not gone:
        return
    for record in gone:
        del page.records[record.id]
    _mark(page, gone)
    freeing.gone_free(page.scene, [page.links[one.id] for one in gone if one.id in page.links])
    aside = quarantine.theirs_kept(page.scene, [one.id for one in gone])
    quarantine.release(page.scene, external_ids=aside.keys() - _to_be_heard(page, aside))


def _mark(page: Page, gone: Iterable[RemoteRecord]) -> None:
    away_note([page.links[one.id].pk for one in gone if one.id in page.links])
    erased = {one.id for one in gone if one.is_erased}
    SyncRecord.objects.filter(
        pk__in=[page.links[one].pk for one in erased & page.links.keys()]
    ).update(is_erased=True)


def _to_be_heard(page: Page, aside: Mapping[str, QuarantinedItem]) -> set[str]:
    """Those whose trouble is that they are gone: hearing it once more does nothing about it.

    What is not settled is until its link has ended; what was kept, until a person has archived
    ours, or it has another link.
    """
    links = {one: page.links[one] for one in aside.keys() & page.links.keys()}
    unsettled = {
        one
        for one, link in links.items()
        if aside[one].code == UNSETTLED and link.state != LinkState.TOMBSTONE
    }
    ours = {link.local_id: one for one, link in links.items() if aside[one].code == KEPT}
    if not ours:
        return unsettled
    linked = linked_ids(page.scene, ours)
    rows = page.scene.model._default_manager.filter(pk__in=ours.keys() - linked.keys())
    return unsettled | {ours[row.pk] for row in rows if not record_is_archived(row)}
