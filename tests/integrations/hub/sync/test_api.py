"""The API over connections: what it shows and takes, whom it lets in, syncing now, the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.models import Change, User, Workspace
from integrations.hub.models import Connection, ConnectionState, SyncRun, SyncState
from tests.integrations.hub.conftest import connection_make
from tests.integrations.hub.mirror import provider_make
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import pull, work

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/integrations/"


@pytest.fixture
def api(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def send(client: Client, method: str, url: str, body: Any = None) -> Any:
    return getattr(client, method)(url, data=body, content_type="application/json")


def test_list_shows_connections_with_their_streams_and_no_secret(
    api: Client, connection: Connection
) -> None:
    answer = api.get(URL)

    assert answer.status_code == 200
    (row,) = answer.json()["results"]
    assert row["id"] == connection.pk
    assert {one["object"] for one in row["streams"]} >= {"people", "companies"}
    assert "credentials" not in row
    assert all(secret not in answer.content.decode() for secret in connection.credentials.texts())


def test_connection_of_another_workspace_is_not_found(
    connection: Connection, outsider: User
) -> None:
    client = Client()
    client.force_login(outsider)

    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}{connection.pk}/").status_code == 404
    assert send(client, "post", f"{URL}sync/", {"connection": connection.pk}).status_code == 404


def test_manager_may_look_and_not_act(connection: Connection, manager: User) -> None:
    client = Client()
    client.force_login(manager)

    assert client.get(URL).status_code == 200
    assert send(client, "post", f"{URL}sync/", {"connection": connection.pk}).status_code == 403
    assert client.delete(f"{URL}{connection.pk}/").status_code == 403


def test_connection_is_made_changed_and_disconnected(
    api: Client, workspace: Workspace, mirror: MirrorVendor
) -> None:
    made = send(
        api,
        "post",
        URL,
        {"provider": "mirror", "name": "Mirror", "credentials": {"api_key": mirror.key}},
    )
    assert made.status_code == 201, made.content
    connection = Connection.objects.get(pk=made.json()["id"])
    assert connection.secret("api_key") == mirror.key
    assert connection.sync_states.count() == len(provider_make().streams)

    refused = send(api, "patch", f"{URL}{connection.pk}/", {"name": "Other"})
    assert refused.status_code == 400
    assert "name" in refused.json()["error"]["fields"]

    wrong = send(api, "patch", f"{URL}{connection.pk}/", {"credentials": {"api_key": "mirror_no"}})
    assert wrong.status_code in (400, 409)
    connection.refresh_from_db()
    assert connection.secret("api_key") == mirror.key

    assert api.delete(f"{URL}{connection.pk}/").status_code == 204
    connection.refresh_from_db()
    assert connection.state == ConnectionState.DISABLED


def test_account_that_was_connected_before_is_refused_by_the_api(
    api: Client, mirror: MirrorVendor
) -> None:
    asked = {"provider": "mirror", "name": "Mirror", "credentials": {"api_key": mirror.key}}
    former = send(api, "post", URL, asked).json()["id"]
    assert api.delete(f"{URL}{former}/").status_code == 204

    refused = send(api, "post", URL, asked)

    assert refused.status_code == 409
    assert "connected before, as “Mirror”" in refused.json()["error"]["message"]
    assert Connection.objects.get().pk == former


def test_unknown_provider_and_unknown_field_are_refused_by_name(api: Client) -> None:
    answer = send(api, "post", URL, {"provider": "nobody", "name": "X", "colour": "red"})

    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) & {"provider", "colour"}


def test_sync_makes_the_stream_due_and_says_so_in_the_ledger(
    api: Client, connection: Connection, admin: User
) -> None:
    pull(connection)
    state = SyncState.objects.get(connection=connection, object="people")

    answer = send(
        api,
        "post",
        f"{URL}sync/",
        {"connection": connection.pk, "object": "people", "full": True},
    )

    assert answer.status_code == 202
    state.refresh_from_db()
    assert state.is_full_wanted
    act = Change.objects.get(record_type="syncstate", record_id=state.pk, actor=admin)
    assert act.diff["sync"] == [None, "full"]
    work()
    runs = SyncRun.objects.filter(connection=connection, object="people", kind="full")
    assert runs.count() == 2


def test_sync_of_what_waits_for_a_person_is_refused_in_words(
    api: Client, connection: Connection
) -> None:
    SyncState.objects.filter(object="people").update(hold_reason="9 of 9 people are gone.")

    answer = send(api, "post", f"{URL}sync/", {"connection": connection.pk, "object": "people"})

    assert answer.status_code == 409
    assert "9 of 9 people are gone." in answer.json()["error"]["message"]


def test_sync_of_an_unknown_object_names_the_field(api: Client, connection: Connection) -> None:
    answer = send(api, "post", f"{URL}sync/", {"connection": connection.pk, "object": "moons"})

    assert answer.status_code == 400
    assert "object" in answer.json()["error"]["fields"]


def test_logs_are_paged_counted_and_filtered(
    api: Client, connection: Connection, mirror: MirrorVendor
) -> None:
    mirror.add("people", email="ada@acme.test")
    pull(connection)
    other = connection_make(connection.workspace)
    SyncRun.objects.create(connection=other, kind="pull", status="failed")

    found = api.get(f"{URL}logs/", {"object": "people", "page_size": 1}).json()

    assert found["count"] == 1
    assert found["results"][0]["created"] == 1
    assert api.get(f"{URL}logs/", {"status": "failed"}).json()["count"] == 1
    assert api.get(f"{URL}logs/", {"status": "purple"}).status_code == 400


@pytest.mark.parametrize("state", ["exploded", "paused"])
def test_field_that_cannot_be_changed_is_refused_by_name(
    api: Client, connection: Connection, state: str
) -> None:
    answer = send(api, "patch", f"{URL}{connection.pk}/", {"state": state})

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["state"]


def test_field_that_the_hub_gives_is_refused_when_connecting(
    api: Client, mirror: MirrorVendor
) -> None:
    asked = {"provider": "mirror", "name": "Mirror", "credentials": {"api_key": mirror.key}}

    answer = send(api, "post", URL, asked | {"state": "paused"})

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["state"]
    assert not Connection.objects.exists()


def test_what_is_shown_may_be_sent_back(api: Client, connection: Connection) -> None:
    Connection.objects.update(settings={**connection.settings, "time_zone": "Europe/Oslo"})
    address = f"{URL}{connection.pk}/"
    shown = api.get(address).json()

    assert send(api, "patch", address, shown).status_code == 200
    assert send(api, "patch", address, {"settings": shown["settings"]}).status_code == 200
    connection.refresh_from_db()
    assert connection.settings["time_zone"] == "Europe/Oslo"


def test_setting_that_the_provider_keeps_for_itself_is_refused_when_changed(
    api: Client, connection: Connection
) -> None:
    Connection.objects.update(settings={**connection.settings, "time_zone": "Europe/Oslo"})

    answer = send(api, "patch", f"{URL}{connection.pk}/", {"settings": {"time_zone": "Asia/Tokyo"}})

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["time_zone"]


def test_sync_refuses_what_it_does_not_know_by_name(api: Client, connection: Connection) -> None:
    asked = {"connection": connection.pk, "since": "2099-01-01T00:00:00Z"}

    answer = send(api, "post", f"{URL}sync/", asked)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["since"]


def test_root_of_the_api_leads_to_its_documentation(api: Client) -> None:
    answer = api.get("/api/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/docs/")
