"""A change is one record in the charts, whichever lines of the log tell of it."""

from __future__ import annotations

import pytest

from crm.models import Contact
from integrations.hub import figures
from integrations.hub.models import Connection, HourlyFigures, RunKind, SyncRun
from integrations.hub.spans import DAYS, HOURS, MONTHS, span_of
from integrations.hub.trends import trends_of
from tests.integrations.hub.conftest import connection_make, post_event
from tests.integrations.hub.mirror_vendor import MirrorVendor
from tests.integrations.hub.sync.world import Desk, deliver, pull, work
from tests.integrations.hub.test_inbox import MADE

pytestmark = pytest.mark.django_db(transaction=True)


def drawn(connection: Connection, span: str, key: str) -> list[float]:
    charts = trends_of(connection, span_of(span))
    return [sum(one.values) for chart in charts if chart.key == key for one in chart.series]


def test_change_of_a_web_hook_is_one_record_and_one_run(
    connection: Connection, mirror: MirrorVendor
) -> None:
    pull(connection)
    SyncRun.objects.all().delete()
    mirror.add("people", email="ada@acme.test")

    deliver(connection, mirror.events_take())
    work()
    figures.hours_count()

    assert Contact.objects.count() == 1
    for span in (HOURS, DAYS, MONTHS):
        assert drawn(connection, span, "records") == [1, 0]
    # Two, where the hour has turned meanwhile.
    hours = HourlyFigures.objects.all()
    tallies = SyncRun.objects.filter(connection=connection, object="")
    assert sum(hour.records_synced for hour in hours) == 1
    assert sum(hour.runs_succeeded for hour in hours) == tallies.count()
    assert set(tallies.values_list("kind", flat=True)) == {RunKind.INBOX}


def test_change_that_is_sent_is_one_record(
    connection: Connection, mirror: MirrorVendor, contact: Contact, person: str, desk: Desk
) -> None:
    pull(connection, "people")
    before = drawn(connection, DAYS, "records")[0]

    desk.edit(contact, title="Countess")
    work()
    figures.hours_count()

    assert drawn(connection, DAYS, "records") == [before + 1, 0]
    assert drawn(connection, MONTHS, "records") == [before + 1, 0]


def test_event_that_no_stream_tells_of_is_one_record(connection: Connection) -> None:
    echo = connection_make(connection.workspace)

    post_event(echo, MADE)
    work()

    assert sum(SyncRun.objects.filter(connection=echo).values_list("synced", flat=True)) == 1
    assert drawn(echo, DAYS, "records") == [1, 0]
