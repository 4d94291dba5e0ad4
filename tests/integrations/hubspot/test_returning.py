"""Records that were deleted at HubSpot and restored there are linked again."""

from __future__ import annotations

import pytest

from crm.models import Activity, Contact, Deal
from integrations.hub.models import LinkState, SyncRecord
from integrations.hubspot.client import Link
from tests.integrations.hubspot.keeping import Portal
from tests.integrations.hubspot.syncing import delivered, pull

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The live server starts without collected files; web-hooks need none.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


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


def _linked(hubspot: Portal, kind: str, type_id: int, contact: str, **values: str) -> str:
    client = hubspot.client
    made = client.object_create(kind, values).id
    client.links_create(kind, "contacts", [(made, Link(contact, type_id))])
    return made


@pytest.mark.parametrize("is_told", [True, False])
def test_deal_and_call_keep_their_contact_while_it_is_deleted_there(
    hubspot: Portal, is_told: bool
) -> None:
    values = {"email": "claire@acme.test", "firstname": "Claire"}
    claire = hubspot.client.object_create("contacts", values).id
    deal = _linked(hubspot, "deals", 3, claire, dealname="Gold")
    call = _linked(
        hubspot, "calls", 194, claire, hs_call_title="Hello", hs_timestamp="1767225600000"
    )
    pull(hubspot)
    contact = Contact.objects.get()
    assert Deal.objects.get().primary_contact == contact

    hubspot.act("delete", kind="contacts", id=claire)
    if is_told:
        delivered(hubspot)
    pull(hubspot, "deals", "calls", is_full=True)

    assert Deal.objects.get().primary_contact == contact
    assert Activity.objects.get().contact == contact

    hubspot.act("restore", kind="contacts", id=claire)
    delivered(hubspot)
    pull(hubspot, is_full=True)
    pull(hubspot, is_full=True)

    for kind, one in (("deals", deal), ("calls", call)):
        links = hubspot.client.links_read(kind, "contacts", [one]).links
        assert [link.to_id for link in links.get(one, ())] == [claire]
    assert Deal.objects.get().primary_contact == contact
    assert Activity.objects.get().contact == contact
