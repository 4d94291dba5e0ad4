"""Who may only look in the console writes nothing from there."""

from __future__ import annotations

import pytest
from django.contrib.admin import ModelAdmin, site
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse

from crm.models import Change, User
from integrations.hub.models import (
    Connection,
    ConnectionState,
    InboxEvent,
    InboxState,
    JobState,
    SyncJob,
)
from integrations.hub.sync.holds import hold
from tests import factories
from tests.integrations.hub.conftest import command_make, post_event

pytestmark = pytest.mark.django_db(transaction=True)
OWN_APPS = ("crm", "hub", "imports")


@pytest.fixture
def watcher(db: None) -> User:
    """Staff who may look at everything and change nothing."""
    person = factories.user_make(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return person


@pytest.fixture
def watching(watcher: User) -> Client:
    client = Client()
    client.force_login(watcher, backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(client: Client, model: str, action: str, row: int) -> None:
    form = {"action": action, "_selected_action": [row], "confirmed": "yes"}
    client.post(reverse(f"admin:hub_{model}_changelist"), form, follow=True)


def offered(admin: ModelAdmin, person: User) -> set[str]:  # type: ignore[type-arg]
    request = RequestFactory().get("/")
    request.user = person
    return set(admin.get_actions(request)) - {"delete_selected"}


def test_no_page_offers_an_action_to_who_may_only_look(watcher: User, operator: User) -> None:
    pages = [page for model, page in site._registry.items() if model._meta.app_label in OWN_APPS]

    for_watcher = {str(page): found for page in pages if (found := offered(page, watcher))}

    assert for_watcher == {}
    assert sum(len(offered(page, operator)) for page in pages) > 20


@pytest.mark.parametrize("action", ["go_on", "switch_off", "rewind", "compare", "repair"])
def test_stream_is_told_nothing_by_who_may_only_look(
    watching: Client, connection: Connection, action: str
) -> None:
    state = connection.sync_states.create(object="things", stage="live")
    hold(state, "Look at this.")
    told = Change.objects.count()

    act(watching, "syncstate", action, state.pk)

    state.refresh_from_db()
    assert (state.hold_reason, state.is_enabled) == ("Look at this.", True)
    assert Change.objects.count() == told
    assert not connection.sync_runs.exists()


def test_connection_is_not_paused_by_who_may_only_look(
    watching: Client, connection: Connection
) -> None:
    act(watching, "connection", "pause", connection.pk)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE


def test_dead_rows_are_shown_without_buttons_to_who_may_only_look(
    watching: Client, connection: Connection
) -> None:
    job = command_make(connection)
    SyncJob.objects.update(state=JobState.DEAD)
    post_event(connection, {"id": "e1", "kind": "unknown"})
    InboxEvent.objects.update(state=InboxState.DEAD)
    event = InboxEvent.objects.get()

    act(watching, "syncjob", "retry", job.pk)
    act(watching, "inboxevent", "give_up", event.pk)

    for model, row in (("syncjob", job), ("inboxevent", event)):
        row.refresh_from_db()
        page = watching.get(reverse(f"admin:hub_{model}_change", args=[row.pk]))
        assert "What can be done" not in page.content.decode()
        assert row.state == "dead"
