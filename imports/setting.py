"""Puts the engine together for one job: its mapping, its policy, its workspace's surroundings."""

from __future__ import annotations

from django.conf import settings

from crm.models import Membership
from imports.choices import DuplicateStrategy
from imports.custom import custom_fields_of
from imports.engine import Engine, Policy
from imports.fields import CUSTOM_PREFIX, Field
from imports.mapping import RowMapper
from imports.matching import Store
from imports.models import ImportJob
from imports.transforms import Surroundings


def engine_for(job: ImportJob, store: Store) -> Engine:
    mapper = RowMapper(job.mapping, import_object=job.object, around=_surroundings(job))
    strategy = DuplicateStrategy(job.duplicate_strategy)
    policy = Policy(strategy, settings.MATCH_AUTO_SCORE, _owner_id(job))
    return Engine(store, mapper, policy)


def _surroundings(job: ImportJob) -> Surroundings:
    workspace = job.workspace
    return Surroundings(
        country=workspace.default_country,
        time_zone=workspace.time_zone,
        date_order=job.date_order,
        owners=_owners(job),
        custom=_custom(job),
    )


def _custom(job: ImportJob) -> tuple[Field, ...]:
    is_mapped = any(CUSTOM_PREFIX in entry["field"] for entry in job.mapping)
    return custom_fields_of(job.workspace) if is_mapped else ()


def _owner_id(job: ImportJob) -> int | None:
    """Nobody owns what a person who left the workspace would have owned."""
    if job.owner_id is None:
        return None
    members = Membership.objects.filter(workspace=job.workspace_id, user=job.owner_id)
    return job.owner_id if members.exists() else None


def _owners(job: ImportJob) -> dict[str, int]:
    """Members by e-mail, and by name where only one bears it."""
    if not any(entry["field"] == "owner" for entry in job.mapping):
        return {}
    members = list(
        Membership.objects.filter(workspace=job.workspace_id).values_list(
            "user_id", "user__email", "user__name"
        )
    )
    names = [name.lower() for _, _, name in members if name]
    owners = {name.lower(): pk for pk, _, name in members if names.count(name.lower()) == 1}
    return owners | {email.lower(): pk for pk, email, _ in members}
