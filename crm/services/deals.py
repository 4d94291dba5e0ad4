"""Writes deals: a stage brings its probability, and a closed one its time and reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.choices import ActivityKind
from crm.models import Account, Deal, Stage, Workspace
from crm.services.activities import activity_log, subject_links
from crm.services.cleaning import values_clean
from crm.services.errors import InvalidRecord
from crm.services.line_items import line_item_add, line_item_remove, line_item_update
from crm.services.origin import Origin
from crm.services.pipelines import pipeline_default
from crm.services.records import (
    record_archive,
    record_create,
    record_lock,
    record_restore,
    record_update,
)
from crm.services.stages import stage_hold
from crm.signals import deal_won

__all__ = [
    "deal_archive",
    "deal_create",
    "deal_move",
    "deal_restore",
    "deal_update",
    "line_item_add",
    "line_item_remove",
    "line_item_update",
]


@transaction.atomic
def deal_create(*, workspace: Workspace, values: Mapping[str, Any], origin: Origin) -> Deal:
    """Create a deal, in the default pipeline's first stage unless one is given."""
    cleaned = values_clean(Deal, workspace=workspace, values=values)
    _check_not_negative(cleaned)
    given = cleaned.get("stage")
    stage = _as_it_is(given) if given else _first_stage(workspace, cleaned)
    probability = cleaned.get("probability")
    cleaned |= _stage_values(cleaned, stage)
    if probability is not None:
        cleaned["probability"] = probability
    cleaned["currency"] = cleaned.get("currency") or _currency(workspace, cleaned.get("account"))
    deal = record_create(Deal, workspace=workspace, values=cleaned, origin=origin)
    if stage.is_won:
        deal_won.send(sender=Deal, deal=deal, origin=origin)
    return deal


@transaction.atomic
def deal_update(
    deal: Deal,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Deal:
    """Write `values`, with what follows from another stage.

    A change of stage is put on the timeline, and `deal_won` is sent once for every entering of a
    won stage. While there are line items, amount and currency are theirs.
    """
    before = record_lock(deal, expected_version=expected_version)
    cleaned = values_clean(Deal, workspace=before.workspace, values=values)
    _check_not_negative(cleaned)
    _check_amount(before, cleaned)
    old: Stage = before.stage
    stage = _stage_wanted(before, cleaned)
    if stage == old:
        _check_pipeline(cleaned, stage)
        if "lost_reason" in cleaned:
            cleaned["lost_reason"] = _lost_reason(cleaned, stage)
        return record_update(before, values=cleaned, origin=origin)
    cleaned |= _stage_values(cleaned, stage)
    fresh = record_update(before, values=cleaned, origin=origin)
    _note_move(fresh, old, stage, origin)
    if stage.is_won and not old.is_won:
        deal_won.send(sender=Deal, deal=fresh, origin=origin)
    return fresh


def deal_move(
    deal: Deal,
    stage: Stage,
    *,
    origin: Origin,
    lost_reason: str = "",
    expected_version: int | None = None,
) -> Deal:
    """Put the deal in a stage; a lost one needs `lost_reason`. To its own stage moves nothing."""
    values: dict[str, Any] = {"stage": stage}
    if stage.is_lost:
        values["lost_reason"] = lost_reason or deal.lost_reason
    return deal_update(deal, values=values, origin=origin, expected_version=expected_version)


def deal_archive(deal: Deal, *, origin: Origin) -> Deal:
    return record_archive(deal, origin=origin)


def deal_restore(deal: Deal, *, origin: Origin) -> Deal:
    return record_restore(deal, origin=origin)


def _first_stage(workspace: Workspace, values: Mapping[str, Any]) -> Stage:
    pipeline = values.get("pipeline") or pipeline_default(workspace)
    stages = pipeline.stages.filter(is_won=False, is_lost=False)
    stage = stage_hold(stages.order_by("order", "id"))
    if stage is None:
        raise InvalidRecord({"pipeline": ["This pipeline has no open stage."]})
    return stage


def _as_it_is(stage: Stage) -> Stage:
    """The stage given may have become a won one since it was read."""
    held = stage_hold(Stage.objects.filter(pk=stage.pk).order_by())
    if held is None:
        raise InvalidRecord({"stage": ["This stage is gone. Choose another."]})
    return held


def _stage_wanted(deal: Deal, values: Mapping[str, Any]) -> Stage:
    """The stage given; the first one of a pipeline given alone; else the present one."""
    pipeline = values.get("pipeline") or deal.pipeline
    given = values.get("stage")
    # The outcome of the present stage cannot change while the deal is in it.
    if given == deal.stage or (given is None and pipeline == deal.pipeline):
        return deal.stage
    return _as_it_is(given) if given else _first_stage(deal.workspace, values)


def _stage_values(values: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """What a stage brings: its pipeline, probability and closing time; a reason only when lost."""
    _check_pipeline(values, stage)
    return {
        "stage": stage,
        "pipeline": stage.pipeline,
        "probability": stage.probability,
        "closed_at": timezone.now() if stage.is_closed else None,
        "lost_reason": _lost_reason(values, stage),
    }


def _lost_reason(values: Mapping[str, Any], stage: Stage) -> str:
    """The reason given, which a lost stage needs and no other one has."""
    if not stage.is_lost:
        return ""
    reason = str(values.get("lost_reason") or "")
    if not reason:
        raise InvalidRecord({"lost_reason": ["Say why the deal was lost."]})
    return reason


def _check_pipeline(values: Mapping[str, Any], stage: Stage) -> None:
    pipeline = values.get("pipeline") or stage.pipeline
    if pipeline != stage.pipeline:
        raise InvalidRecord({"stage": [f"{stage} is not a stage of {pipeline}."]})


def _currency(workspace: Workspace, account: Account | None) -> str:
    return (account.currency if account else "") or workspace.currency


def _check_not_negative(values: Mapping[str, Any]) -> None:
    amount = values.get("amount")
    if amount is not None and amount < 0:
        raise InvalidRecord({"amount": ["The amount is at least 0."]})


def _check_amount(deal: Deal, values: Mapping[str, Any]) -> None:
    words = {
        "amount": "The amount is the sum of the line items; change those.",
        "currency": "The line items are in another currency; remove them first.",
    }
    errors = {
        name: [said]
        for name, said in words.items()
        if name in values and values[name] != getattr(deal, name)
    }
    if errors and deal.line_items.exists():
        raise InvalidRecord(errors)


def _note_move(deal: Deal, old: Stage, new: Stage, origin: Origin) -> None:
    values = {
        "kind": ActivityKind.STAGE_CHANGED,
        "subject": f"{old.name} → {new.name}",
        "body": deal.lost_reason,
        "actor": origin.actor,
        "amount": deal.amount,
        "currency": deal.currency,
        "details": {"from": old.name, "to": new.name, "is_won": new.is_won, "is_lost": new.is_lost},
        **subject_links(deal),
    }
    activity_log(workspace=deal.workspace, values=values, origin=origin)
