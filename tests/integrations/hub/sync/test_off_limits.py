"""Records that are off limits at the vendor stop the others once, and no second time."""

from __future__ import annotations

import pytest

from crm.models import Contact
from integrations.hub.connections import connection_resume
from integrations.hub.models import Connection, ConnectionState
from tests.integrations.hub.mirror_calls import Shape
from tests.integrations.hub.mirror_vendor import MirrorVendor, Trouble
from tests.integrations.hub.sync.world import Desk, ours_of, quiesce, work

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(connection: Connection) -> str:
    connection.refresh_from_db()
    return connection.state


@pytest.mark.parametrize("shape", [Shape(), Shape(write_size=1)], indirect=True)
def test_one_resume_is_enough(
    connection: Connection, mirror: MirrorVendor, acme: str, desk: Desk
) -> None:
    for number in range(3):
        mirror.add("people", email=f"p{number}@x.test", title="Old")
    quiesce(connection, mirror)
    mirror.always = lambda kind, body: (
        Trouble(status=403) if kind == "write" and "Secret" in str(body) else None
    )
    for contact in Contact.objects.all():
        desk.edit(contact, title="Secret")
    work()
    assert state_of(connection) == ConnectionState.AUTH_FAILED

    connection_resume(connection, actor=None)
    work()
    work()
    assert state_of(connection) == ConnectionState.ACTIVE
    desk.edit(ours_of(connection, "companies", acme), city="Rome")
    work()

    assert mirror.value("companies", acme, "city") == "Rome"
