"""Writes the stages of a pipeline, so that the deals in them never disagree with their stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm.models import Deal, Stage
from crm.services.bulk import records_update
from crm.services.cleaning import values_clean
from crm.services.errors import InvalidRecord
from crm.services.origin import Origin
from crm.services.records import record_lock, record_update

BATCH = 2000
# To win, lose or reopen deals by an edit of their stage would bill nobody and tell nobody.
SETTLED = ("pipeline", "is_won", "is_lost")


@transaction.atomic
def stage_update(
    stage: Stage,
    *,
    values: Mapping[str, Any],
    origin: Origin,
    expected_version: int | None = None,
) -> Stage:
    """Write `values`; a new probability goes to the deals that had the stage's own.

    Raises InvalidRecord, with the number of deals, for another pipeline or outcome of a stage
    that has deals, and when the pipeline would be left without an open stage.
    """
    # Waits for those who hold it (stage_hold) to put a deal in it, so that their deals are counted.
    before = record_lock(stage, expected_version=expected_version)
    cleaned = values_clean(Stage, workspace=before.workspace, values=values)
    changed = [name for name in SETTLED if cleaned.get(name, was := getattr(before, name)) != was]
    if changed:
        _check_empty(before, changed)
        _check_open_left(before, cleaned)
    old = before.probability
    fresh = record_update(before, values=cleaned, origin=origin)
    if fresh.probability != old:
        _deals_carry(fresh, old, origin)
    return fresh


def stage_hold(stages: QuerySet[Stage]) -> Stage | None:
    """The first of them as it is now, which stage_update leaves alone until this transaction ends.

    For who is about to put a deal in it. Any number may hold a stage at once, so that they need
    not wait for each other; Django has no word for this lock.
    """
    statement, values = stages[:1].query.sql_with_params()
    return next(iter(Stage.objects.raw(f"{statement} FOR SHARE", values)), None)


def _check_empty(stage: Stage, changed: list[str]) -> None:
    count = Deal.objects.filter(stage=stage).count()
    if not count:
        return
    deals = "1 deal is" if count == 1 else f"{count} deals are"
    said = (
        f"{deals} in this stage, archived ones counted. Make a new stage instead, "
        "or move the deals to another stage first."
    )
    raise InvalidRecord({name: [said] for name in changed})


def _check_open_left(stage: Stage, values: Mapping[str, Any]) -> None:
    is_open = not (values.get("is_won", stage.is_won) or values.get("is_lost", stage.is_lost))
    stays = values.get("pipeline", stage.pipeline) == stage.pipeline
    if stage.is_closed or (is_open and stays):
        return
    others = Stage.objects.filter(pipeline_id=stage.pipeline_id, is_won=False, is_lost=False)
    if not others.exclude(pk=stage.pk).exists():
        name = "is_won" if stays else "pipeline"
        raise InvalidRecord({name: ["A pipeline needs at least one open stage."]})


def _deals_carry(stage: Stage, old: int, origin: Origin) -> None:
    """A deal whose probability somebody set otherwise keeps it, and so does one that just left."""
    # The lock makes the database look again at a deal it had to wait for.
    deals = (
        Deal.objects.filter(stage=stage, probability=old)
        .select_for_update(no_key=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    last = 0
    while ids := list(deals.filter(pk__gt=last)[:BATCH]):
        records_update(
            Deal,
            workspace=stage.workspace,
            updates=[(pk, {"probability": stage.probability}) for pk in ids],
            origin=origin,
        )
        last = ids[-1]
