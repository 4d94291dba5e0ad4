"""The way to HubSpot's own page of a record; what is at the sandbox only has none."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Workspace
from crm.services.contacts import contact_create
from integrations.hub.conflict_lines import conflict_lines
from integrations.hub.models import SyncConflict, SyncRecord
from integrations.hub.sync.explaining import explain
from integrations.hub.sync.states import states_ensure
from tests.factories import TEST_ORIGIN
from tests.integrations.hubspot.conftest import connection_make

pytestmark = pytest.mark.django_db

PAGE = "https://app.hubspot.com/contacts/62515/record/0-1/7"


@pytest.mark.parametrize(("sandbox", "page"), [("", PAGE), ("http://127.0.0.1:8100", "")])
def test_record_leads_to_its_page_at_hubspot_unless_it_is_of_the_sandbox(
    workspace: Workspace, settings: Any, sandbox: str, page: str
) -> None:
    settings.NEXA_SANDBOX_URL = sandbox
    connection = connection_make(workspace)
    connection.remote_account_id = "62515"
    connection.save()
    states_ensure(connection)
    values = {"email": "ada@acme.test", "last_name": "Byron"}
    contact = contact_create(workspace=workspace, values=values, origin=TEST_ORIGIN)
    about = {
        "connection": connection,
        "object": "contacts",
        "record_type": "contact",
        "local_id": contact.pk,
    }
    link = SyncRecord.objects.create(**about, external_id="7")
    conflict = SyncConflict.objects.create(**about, link=link, field="title", rule="manual")

    (told,) = [one for one in explain(contact) if one.state.object == "contacts"]
    (line,) = conflict_lines([conflict])

    assert (told.external_url, line.their_url) == (page, page)
