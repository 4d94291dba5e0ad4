"""Says what the vendors' people and stages are here, as an admin would on the mapping's page.

A demo sells by our pipeline from its first day; without this none of its deals had a stage there.
"""

from __future__ import annotations

from crm.models import Pipeline, User
from integrations.hub.mapping.people import owners_pull
from integrations.hub.mapping.pipelines import PIPELINE, STAGE, pipelines_pull
from integrations.hub.mapping.values import value_create
from integrations.hub.models import Connection
from integrations.hub.sandbox.fake import SandboxApp


def demo_matched(connection: Connection, app: SandboxApp, actor: User) -> None:
    """Before anything is synced; raises HubError when the sandbox does not answer."""
    for theirs, stages in app.demo_stages.items():
        ours = Pipeline.objects.get(workspace=connection.workspace, is_default=True)
        names = {stage.name: stage.pk for stage in ours.stages.all()}
        _said(connection, PIPELINE, {theirs: ours.pk}, actor)
        _said(connection, STAGE, {stage: names[name] for stage, name in stages.items()}, actor)
    pipelines_pull(connection)
    owners_pull(connection)


def _said(connection: Connection, name: str, pairs: dict[str, int], actor: User) -> None:
    for order, (theirs, ours) in enumerate(pairs.items()):
        values = {"name": name, "theirs": theirs, "ours": str(ours), "order": order}
        value_create(connection, values=values, actor=actor)
