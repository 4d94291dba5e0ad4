"""Records that were deleted at HubSpot and restored there are linked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.models import User, Workspace
from integrations.hub.models import LinkState, SyncRecord
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import delivered, live_portal, pull
from tests.sandbox import RunningSandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The live server starts without collected files; web-hooks need none.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def hubspot(
    workspace: Workspace, admin: User, sandbox: RunningSandbox, settings: Any, live_server: Any
) -> Iterator[Portal]:
    settings.NEXA_SANDBOX_URL = sandbox.url
    settings.NEXA_BASE_URL = live_server.url
    sandbox.act("hubspot", "set_limits", search="1000", ten_secondly="100000")
    yield live_portal(workspace, admin, sandbox)
    # The vendor must not go on to call a server that is gone.
    sandbox.wait_delivered()


def test_restore_event_links_it_again_at_once(hubspot: Portal) -> None:
    values = {"email": "mira@acme.test", "firstname": "Mira"}
    mira = hubspot.client.object_create("contacts", values).id
    pull(hubspot)
    link = SyncRecord.objects.get(external_id=mira)
    hubspot.act("delete", kind="contacts", id=mira)
    delivered(hubspot)
    link.refresh_from_db()
    assert link.state == LinkState.TOMBSTONE

    hubspot.act("restore", kind="contacts", id=mira)
    delivered(hubspot)

    link.refresh_from_db()
    assert link.state == LinkState.ACTIVE
