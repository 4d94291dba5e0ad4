"""Recent work of a connection in words, with the way to its record."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import Account
from crm.services.activities import activity_create
from integrations.hub.board import recent_jobs
from integrations.hub.models import Connection, JobKind
from integrations.hub.words import command_words, event_words
from integrations.hub.work_lines import work_lines
from tests import factories
from tests.integrations.hub.conftest import account_make, command_make

pytestmark = pytest.mark.django_db(transaction=True)


def test_command_names_what_it_does_and_for_whom(connection: Connection) -> None:
    account = account_make(connection.workspace)

    (line,) = work_lines(connection, [command_make(connection, account)])

    assert (line.title, line.record) == ("Create thing for", account.name)
    assert line.url == reverse("crm:account_detail", args=[account.pk])


def test_push_names_the_kind_of_record(connection: Connection) -> None:
    job = command_make(connection)
    job.intent, job.kind = None, JobKind.PUSH

    assert work_lines(connection, [job])[0].title == "Send company"


def test_record_without_a_page_leads_to_how_it_stands(connection: Connection) -> None:
    note = activity_create(
        workspace=connection.workspace,
        values={"kind": "note", "subject": "They call back", "occurred_at": timezone.now()},
        origin=factories.TEST_ORIGIN,
    )
    job = command_make(connection)
    job.record_type, job.record_id = "activity", note.pk

    (line,) = work_lines(connection, [job])

    assert line.record == "They call back"
    assert line.url == reverse("hub:record_systems", args=["activity", note.pk])


def test_thing_of_theirs_is_named_by_their_words(connection: Connection) -> None:
    job = command_make(connection)
    job.intent, job.kind, job.record_id = None, JobKind.INBOUND, 0
    job.object, job.external_id = "people", "p81"

    (line,) = work_lines(connection, [job])

    assert (line.title, line.record, line.url) == ("Take a record over:", "people p81", "")
    assert str(line.job) == "Take a record over people p81"


def test_record_of_another_workspace_is_not_named(connection: Connection) -> None:
    foreign = Account.objects.create(workspace=factories.workspace_make(), name="Foreign")
    job = command_make(connection)
    job.record_id = foreign.pk

    (line,) = work_lines(connection, [job])

    assert (line.record, line.url) == ("a company that is no longer here", "")


def test_lines_take_one_query_for_each_type(
    connection: Connection, django_assert_num_queries
) -> None:
    for _ in range(3):
        command_make(connection)

    with django_assert_num_queries(2):
        assert len(work_lines(connection, recent_jobs(connection))) == 3


def test_connection_page_shows_words_and_links(
    sales_client: Client, connection: Connection
) -> None:
    job = command_make(connection)

    page = sales_client.get(reverse("hub:connection_detail", args=[connection.pk]))

    content = page.content.decode()
    assert "Create thing for" in content
    assert f'href="{reverse("crm:account_detail", args=[job.record_id])}"' in content
    assert "thing_create" not in content


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("customer.subscription.created", "Customer subscription created"),
        ("invoice.paid", "Invoice paid"),
        ("", "Event"),
    ],
)
def test_event_is_in_words(stored: str, words: str) -> None:
    assert event_words(stored) == words


def test_command_of_one_word_is_itself() -> None:
    assert command_words("refund") == "Refund"
