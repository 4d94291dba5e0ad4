"""The page of a first sync: start, progress, what was found, accept or leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Workspace
from crm.services.contacts import contact_create
from crm.services.origin import by_user
from integrations.hub import registry
from integrations.hub.models import (
    Connection,
    FieldMapping,
    OwnershipMapping,
    SyncStage,
    SyncState,
)
from integrations.hub.pump import pump
from integrations.hub.sync import pulls
from tests import factories
from tests.factories import membership_make, user_make
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mirror import mirror_connection, provider_make
from tests.integrations.hub.mirror_vendor import MirrorVendor, running_vendor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mirror(settings: Any) -> Iterator[MirrorVendor]:
    registry.add(provider_make())
    with running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = vendor.url
        yield vendor
    registry.remove("mirror")


@pytest.fixture
def fresh(workspace: Workspace, mirror: MirrorVendor) -> Connection:
    return mirror_connection(workspace, stage=SyncStage.NEW)


def page_of(connection: Connection, name: str = "first_sync") -> str:
    return reverse(f"hub:{name}", args=[connection.pk])


def stages(connection: Connection) -> list[str]:
    rows = SyncState.objects.filter(connection=connection).order_by("order")
    return list(rows.values_list("stage", flat=True))


def looked_at(client: Client, connection: Connection) -> str:
    client.post(page_of(connection, "first_sync_start"))
    pump(30)
    return client.get(page_of(connection)).content.decode()


def test_first_sync_says_that_nothing_has_happened_yet(
    admin_client: Client, fresh: Connection
) -> None:
    page = admin_client.get(page_of(fresh)).content.decode()

    assert "Look at what would happen" in page
    assert "Accept and go live" not in page


def test_first_sync_shows_its_progress_also_without_scripts(
    admin_client: Client, fresh: Connection, mirror: MirrorVendor
) -> None:
    mirror.rules.page_size = 1
    for number in range(2):
        mirror.add("companies", domain=f"c{number}.test", name=f"C{number}")
    admin_client.post(page_of(fresh, "first_sync_start"))
    pulls.turn(fresh.pk, seconds=0)

    page = admin_client.get(page_of(fresh)).content.decode()

    companies = SyncState.objects.get(connection=fresh, object="companies")
    assert "1 record read so far" in page
    assert "Reload to see how far it is" in page
    assert f'hx-select="#card-{companies.pk}"' in page


def test_first_sync_shows_counts_and_examples(
    admin_client: Client, fresh: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("companies", domain="acme.test", name="Acme <b>")

    page = looked_at(admin_client, fresh)

    assert "New here: 1 example" in page
    assert "Acme &lt;b&gt;" in page
    assert "1 call to Mirror" in page


def test_first_sync_keeps_owners_from_strangers_and_calls_people_by_their_names(
    admin_client: Client, fresh: Connection, mirror: MirrorVendor
) -> None:
    FieldMapping.objects.filter(path="owner").update(rule="ours_wins")
    sam = membership_make(fresh.workspace, user=user_make(name="Sam Ours")).user
    contact_create(
        workspace=fresh.workspace,
        values={"first_name": "Met", "email": "met@x.test", "owner": sam},
        origin=by_user(sam),
    )
    OwnershipMapping.objects.create(
        connection=fresh, external_id="u1", user=sam, is_automatic=False
    )
    mirror.add("people", email="met@x.test", first_name="Met", owner_id="u2")
    mirror.add("people", email="new@x.test", first_name="New", owner_id="u1")

    page = looked_at(admin_client, fresh)

    assert "Owner: ours “Sam Ours”, theirs “Bob”. Ours stays." in page
    assert "Owner: ours “—”, theirs “Sam Ours”. Theirs is taken." in page
    assert '<span class="strong">Met</span>' in page


def test_first_sync_is_accepted_for_what_is_ticked(admin_client: Client, fresh: Connection) -> None:
    looked_at(admin_client, fresh)
    companies = SyncState.objects.get(connection=fresh, object="companies")

    form = {"stream": companies.pk, "act": "accept"}
    page = admin_client.post(page_of(fresh, "first_sync_decide"), form, follow=True)

    assert "Live: Companies. The first sync has begun." in page.content.decode()
    assert stages(fresh) == [SyncStage.LIVE, SyncStage.REHEARSED]


def test_first_sync_is_left(admin_client: Client, fresh: Connection) -> None:
    looked_at(admin_client, fresh)
    ids = list(SyncState.objects.filter(connection=fresh).values_list("pk", flat=True))

    admin_client.post(page_of(fresh, "first_sync_decide"), {"stream": ids, "act": "leave"})

    assert stages(fresh) == [SyncStage.NEW, SyncStage.NEW]


def test_nothing_ticked_decides_nothing(admin_client: Client, fresh: Connection) -> None:
    looked_at(admin_client, fresh)

    page = admin_client.post(
        page_of(fresh, "first_sync_decide"), {"act": "accept"}, follow=True
    ).content.decode()

    assert "Nothing was decided" in page
    assert stages(fresh) == [SyncStage.REHEARSED, SyncStage.REHEARSED]


@pytest.mark.parametrize("name", ["first_sync", "first_sync_start", "first_sync_decide"])
def test_first_sync_is_for_admins_of_the_workspace(
    sales_client: Client, admin_client: Client, fresh: Connection, name: str
) -> None:
    other = mirror_connection(factories.workspace_make(), stage=SyncStage.NEW)
    method = "get" if name == "first_sync" else "post"

    assert getattr(sales_client, method)(page_of(fresh, name)).status_code == 403
    assert getattr(admin_client, method)(page_of(other, name)).status_code == 404


def test_connection_without_streams_says_so(admin_client: Client, workspace: Workspace) -> None:
    page = admin_client.get(page_of(connection_make(workspace))).content.decode()

    assert "Nothing is kept in step" in page


def test_first_sync_page_asks_the_database_little(
    admin_client: Client, fresh: Connection, django_assert_max_num_queries: Any
) -> None:
    looked_at(admin_client, fresh)

    with django_assert_max_num_queries(10):
        admin_client.get(page_of(fresh))


def test_new_things_of_theirs_are_called_by_their_names(
    admin_client: Client, fresh: Connection, mirror: MirrorVendor
) -> None:
    number = mirror.add("people", first_name="Mira", last_name="Okafor")
    mirror.add("companies", name="Acme Works")

    page = looked_at(admin_client, fresh)

    assert f'<span class="strong">Mira Okafor ({number})</span>' in page
    assert '<span class="strong">Acme Works (' in page


def test_decision_that_is_sent_again_is_told_as_made(
    admin_client: Client, fresh: Connection
) -> None:
    looked_at(admin_client, fresh)
    ids = list(SyncState.objects.filter(connection=fresh).values_list("pk", flat=True))
    address, form = page_of(fresh, "first_sync_decide"), {"stream": ids, "act": "accept"}
    admin_client.post(address, form, follow=True)

    page = admin_client.post(address, form, follow=True).content.decode()

    assert "Nothing was decided" not in page
    assert "Companies: decided already, it is live." in page
    assert stages(fresh) == [SyncStage.LIVE, SyncStage.LIVE]
