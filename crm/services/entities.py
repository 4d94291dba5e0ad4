"""Which services write which model, for doors that serve many models alike (admin, API)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from crm.models import (
    Account,
    Activity,
    Contact,
    ContactList,
    Deal,
    Lead,
    OwnedRecord,
    Pipeline,
    Product,
    Record,
    Stage,
    Task,
    Ticket,
)
from crm.services import (
    accounts,
    activities,
    contacts,
    deals,
    leads,
    lists,
    pipelines,
    products,
    records,
    stages,
    tasks,
    tickets,
)


@dataclass(frozen=True)
class EntityServices:
    """The four writes of one model: `create(workspace=…, values=…, origin=…)`, the others on a
    record with `origin` (and `values`, `expected_version` for `update`)."""

    create: Callable[..., Any]
    update: Callable[..., Any]
    archive: Callable[..., Any]
    restore: Callable[..., Any]


_OWN: Mapping[type[Record], EntityServices] = {
    Contact: EntityServices(
        contacts.contact_create,
        contacts.contact_update,
        contacts.contact_archive,
        contacts.contact_restore,
    ),
    Account: EntityServices(
        accounts.account_create,
        accounts.account_update,
        accounts.account_archive,
        accounts.account_restore,
    ),
    Lead: EntityServices(
        leads.lead_create, leads.lead_update, leads.lead_archive, leads.lead_restore
    ),
    Deal: EntityServices(
        deals.deal_create, deals.deal_update, deals.deal_archive, deals.deal_restore
    ),
    Product: EntityServices(
        products.product_create,
        products.product_update,
        products.product_archive,
        products.product_restore,
    ),
    Task: EntityServices(
        tasks.task_create, tasks.task_update, tasks.task_archive, tasks.task_restore
    ),
    Ticket: EntityServices(
        tickets.ticket_create,
        tickets.ticket_update,
        tickets.ticket_archive,
        tickets.ticket_restore,
    ),
    Pipeline: EntityServices(
        partial(records.record_create, Pipeline),
        pipelines.pipeline_update,
        records.record_archive,
        records.record_restore,
    ),
    Stage: EntityServices(
        partial(records.record_create, Stage),
        stages.stage_update,
        records.record_archive,
        records.record_restore,
    ),
    Activity: EntityServices(
        activities.activity_create,
        activities.activity_update,
        activities.activity_archive,
        activities.activity_restore,
    ),
    ContactList: EntityServices(
        lists.list_create, lists.list_update, lists.list_archive, lists.list_restore
    ),
}


def is_archivable(model: type[Record]) -> bool:
    """Whether records of the model may be archived: what is on a timeline, say, stays there."""
    return issubclass(model, OwnedRecord)


def services_of(model: type[Record]) -> EntityServices:
    """The model's own services; those of crm.services.records for a model without rules."""
    own = _OWN.get(model)
    return own or EntityServices(
        partial(records.record_create, model),
        records.record_update,
        records.record_archive,
        records.record_restore,
    )
