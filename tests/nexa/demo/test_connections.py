"""A fresh demo is in step with its vendors: owners and stages have counterparts there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm.models import Deal, User
from integrations.hub.models import Connection, OwnershipMapping, SyncRecord, SyncStage, SyncState
from integrations.hub.sandbox.people import COLLEAGUES
from integrations.hub.sync.reconciling import reconcile_now
from integrations.hubspot.sandbox.catalog import STAGES
from nexa.demo.connections import demo_connections_made
from nexa.demo.data import demo_workspace_made
from nexa.demo.logins import SALESPERSON, login_of, logins_made
from tests.integrations.hub.sync.world import pull, work
from tests.sandbox import running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.long(30)
def test_fresh_demo_comes_to_a_hundred_per_cent(settings: Any, tmp_path: Path) -> None:
    logins = logins_made(tmp_path / "logins.json")
    workspace = demo_workspace_made(logins)
    actor = User.objects.get(email=login_of(logins, SALESPERSON).email)
    with running_sandbox() as sandbox:
        settings.NEXA_SANDBOX_URL = sandbox.url
        demo_connections_made(workspace, actor)
        work()
        # No web-hook reaches a test: what the vendor makes of our values comes by a reading.
        for connection in Connection.objects.all():
            pull(connection)

        problems = [(one.object, one.problems) for one in SyncRecord.objects.all() if one.problems]
        assert problems == []
        states = list(SyncState.objects.select_related("connection"))
        assert {one.stage for one in states} == {SyncStage.LIVE}
        shares = {str(one): reconcile_now(one).details["percent"] for one in states}
        assert set(shares.values()) == {100.0}, shares
        deals = [row["properties"] for row in sandbox.rows("hubspot", "deals")]
    assert len(deals) == Deal.objects.count()
    assert {one["dealstage"] for one in deals} <= {stage for stage, _, _ in STAGES}
    assert all(one["hubspot_owner_id"] for one in deals)
    matched = OwnershipMapping.objects.exclude(user=None)
    assert set(matched.values_list("external_email", flat=True)) == {
        one.email for one in COLLEAGUES
    }
