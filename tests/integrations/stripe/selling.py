"""Sells in tests: products, and deals that are won and billed."""

from __future__ import annotations

import time
from decimal import Decimal

from crm.models import Deal, Product, Stage, Workspace
from crm.services.deals import deal_move
from crm.services.products import product_create
from integrations.hub.models import JobState, SyncJob, WriteIntent
from integrations.hub.pump import pump
from tests.factories import TEST_ORIGIN


def product_make(
    workspace: Workspace, *, name: str, price: str, interval: str, currency: str = "AUD"
) -> Product:
    values = {
        "name": name,
        "unit_price": Decimal(price),
        "currency": currency,
        "billing_interval": interval,
    }
    return product_create(workspace=workspace, values=values, origin=TEST_ORIGIN)


def win(deal: Deal) -> None:
    stage = Stage.objects.get(pipeline=deal.pipeline, is_won=True)
    deal_move(deal, stage, origin=TEST_ORIGIN)


def work(seconds: float = 15.0) -> None:
    """Do all due work, retries of the near future too."""
    pump(budget_seconds=seconds, until_idle=True)


def work_through_gates(seconds: float = 20.0) -> None:
    """Like `work`, also waiting while the vendor wants to be left alone."""
    until = time.monotonic() + seconds
    while SyncJob.objects.filter(state=JobState.READY).exists() and time.monotonic() < until:
        work(2)
        time.sleep(0.2)


def the_job() -> SyncJob:
    return SyncJob.objects.select_related("intent").get()


def the_intent() -> WriteIntent:
    return WriteIntent.objects.get()
