"""A stream's page shows what the last comparison found, with examples to look at."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Contact
from integrations.hub.models import Connection, RunKind, SyncRun, SyncState
from integrations.hub.sync.reconciling import reconcile_now
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import quiesce

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def state(connection: Connection) -> SyncState:
    rows = SyncState.objects.select_related("connection__workspace")
    return rows.get(connection=connection, object="people")


def shown(client: Client, state: SyncState) -> str:
    return str(client.get(reverse("hub:stream_detail", args=[state.pk])).content.decode())


def systems_link(contact: Contact) -> str:
    address = reverse("hub:record_systems", args=["contact", contact.pk])
    return f'<a class="link" href="{address}">{contact}</a>'


def test_difference_is_shown_with_its_record_and_field(
    admin_client: Client, connection: Connection, mirror: MirrorVendor, state: SyncState
) -> None:
    ids = [
        mirror.add("people", email=f"p{n}@acme.test", last_name=f"P{n}", status="new")
        for n in range(4)
    ]
    quiesce(connection, mirror)
    # A change that no listing by time ever shows.
    mirror.get("people", ids[1]).values["title"] = "CEO"
    reconcile_now(state)

    page = shown(admin_client, state)

    assert "75.0 %" in page
    assert "Not in step" in page
    assert "Different: 1 example" in page
    contact = Contact.objects.get(email="p1@acme.test")
    assert f"<small>{systems_link(contact)}</small><small>Job title</small>" in page
    admin_client.post(reverse("hub:stream_act", args=[state.pk]), {"act": "repair"})
    run = SyncRun.objects.filter(kind=RunKind.RECONCILE).order_by("-pk").first()
    assert run is not None
    assert run.details["repair"] is True


def test_what_may_differ_is_shown_with_its_record_and_field(
    admin_client: Client, connection: Connection, mirror: MirrorVendor, state: SyncState
) -> None:
    mirror.add("people", email="p@acme.test", last_name="P")
    quiesce(connection, mirror)
    # Ours has a lifecycle by itself, theirs has none.
    reconcile_now(state)

    page = shown(admin_client, state)

    contact = Contact.objects.get(email="p@acme.test")
    assert "Different where the mapping lets them be: 1 example" in page
    assert "These fields go only one way" in page
    assert f"<small>{systems_link(contact)}</small><small>Lifecycle</small>" in page


@pytest.mark.parametrize("shape", [Shape(is_guarded=False), Shape(is_guarded=True)], indirect=True)
def test_page_says_whether_the_vendor_guards_what_is_sent(
    admin_client: Client, state: SyncState, shape: Shape
) -> None:
    words = "Mirror takes what is sent without comparing versions"

    assert (words in shown(admin_client, state)) is not shape.is_guarded

    SyncState.objects.filter(pk=state.pk).update(direction="pull")
    assert words not in shown(admin_client, state)
