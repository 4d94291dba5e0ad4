"""A conflict is told where people look, as long as it waits for them and no longer."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.urls import resolve, reverse

from crm.choices import Role
from crm.models import Contact, User
from integrations.hub.conflicts import conflict_resolve
from integrations.hub.health import stream_health
from integrations.hub.merge import Side
from integrations.hub.models import Connection, FieldMapping, SyncConflict, SyncState
from integrations.hub.sync.reconciling import reconcile_now
from nexa.doctor.streams import streams_found
from tests import factories
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, pull, work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conflict(
    connection: Connection, mirror: MirrorVendor, person: str, contact: Contact, desk: Desk
) -> SyncConflict:
    titles = FieldMapping.objects.filter(connection=connection, path="title")
    titles.update(rule="manual")
    connection.sync_states.update(mapping_version=F("mapping_version") + 1)
    mirror.edit("people", person, title="CTO")
    desk.edit(contact, title="CEO")
    work()
    pull(connection)
    return SyncConflict.objects.get()


@pytest.fixture
def actor(connection: Connection) -> User:
    return factories.membership_make(connection.workspace, role=Role.ADMIN).user


def state_of(conflict: SyncConflict) -> SyncState:
    states = SyncState.objects.select_related("connection__workspace")
    return states.get(connection=conflict.connection_id, object=conflict.object)


def decided(conflict: SyncConflict, actor: User) -> None:
    conflict_resolve(conflict, winner=Side.OURS, actor=actor)
    work()


def test_pages_lead_to_what_waits(conflict: SyncConflict, actor: User, client: Client) -> None:
    client.force_login(actor)
    pages = [
        reverse("hub:connection_detail", args=[conflict.connection_id]),
        reverse("hub:stream_detail", args=[state_of(conflict).pk]),
    ]
    waiting = f"{reverse('hub:conflict_list')}?connection={conflict.connection_id}"

    assert all(waiting in client.get(page).content.decode() for page in pages)
    decided(conflict, actor)
    assert not any(waiting in client.get(page).content.decode() for page in pages)


def test_stream_leads_to_its_own_conflicts_alone(
    conflict: SyncConflict, actor: User, client: Client
) -> None:
    client.force_login(actor)
    others = SyncConflict.objects.get(pk=conflict.pk)
    others.pk, others.object, others.field = None, "companies", "city"
    others.save()
    page = client.get(reverse("hub:stream_detail", args=[state_of(conflict).pk])).content.decode()
    address = f"{reverse('hub:conflict_list')}?connection={conflict.connection_id}"

    assert f"{address}&amp;object=people" in page
    shown = client.get(f"{address}&object=people")
    assert [one.pk for one in shown.context["found"].page] == [conflict.pk]
    assert len(client.get(address).context["found"].page) == 2


def test_stream_is_not_in_step_while_something_waits(conflict: SyncConflict, actor: User) -> None:
    run = reconcile_now(state_of(conflict))
    assert (run.get_status_display(), run.failed) == ("Differences found", 0)
    health = stream_health(state_of(conflict))
    assert health.reasons == ("1 waits for a decision under Conflicts.",)
    [line] = [one for one in streams_found() if one.mend]
    assert line.mend == f"Decide under /conflicts/?connection={run.connection_id}"
    assert resolve("/conflicts/").view_name == "hub:conflict_list"

    decided(conflict, actor)

    health = stream_health(state_of(conflict))
    assert (health.tone, health.label) == ("info", "Not compared yet")
    assert not [one for one in streams_found() if one.mend]


def test_comparison_from_the_shell_says_why_it_ends_with_one(
    conflict: SyncConflict, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", connection=conflict.connection_id, object=conflict.object)

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "waiting for a decision 1" in said.out
    assert said.err.startswith("Not everything is in step")
