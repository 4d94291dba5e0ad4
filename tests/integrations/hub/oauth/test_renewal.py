"""Tokens are renewed ahead of their end, by one process at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.db.models import F, Value

from crm.models import Workspace
from integrations.hub import leases
from integrations.hub.credentials import Secrets
from integrations.hub.errors import GateClosed
from integrations.hub.models import (
    Connection,
    ConnectionState,
    JobState,
    SyncJob,
)
from integrations.hub.oauth import access_token
from integrations.hub.pump import pump
from tests.integrations.hub.conftest import in_threads
from tests.integrations.hub.connecting import meanwhile
from tests.integrations.hub.oauth import acme
from tests.integrations.hub.oauth.acme import AcmeVendor
from tests.integrations.hub.oauth.conftest import token_age, token_ended
from tests.integrations.hub.oauth.renewing import stored

pytestmark = pytest.mark.django_db(transaction=True)


def test_token_with_time_left_is_used_as_it_is(connection: Connection, vendor: AcmeVendor) -> None:
    assert access_token(token_age(connection, 14)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_token_with_a_quarter_of_an_hour_left_is_renewed(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token = access_token(token_age(connection, 16))

    now = stored(connection)
    assert vendor.refreshes == 1
    assert token == now.secret("access_token") != connection.secret("access_token")
    assert now.secret("refresh_token") == vendor.grants[0].refresh
    assert (now.token_version, now.refresh_error) == (2, "")
    assert now.last_refresh_at is not None
    assert acme.call(now, "GET", "/account")["id"] == "acct_1"


@pytest.mark.parametrize(("age", "refreshes"), [(55, 0), (65, 1)])
def test_short_lived_token_is_renewed_at_half_its_life(
    connection: Connection, vendor: AcmeVendor, age: int, refreshes: int
) -> None:
    lives = Value(timedelta(seconds=120))
    aged = token_age(connection, age / 60)
    Connection.objects.update(expires_at=F("token_issued_at") + lives)

    access_token(aged)

    assert vendor.refreshes == refreshes


def test_token_that_does_not_end_is_never_renewed(
    connection: Connection, vendor: AcmeVendor
) -> None:
    Connection.objects.update(expires_at=None)

    assert access_token(stored(connection)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_key_is_given_as_it_is(workspace: Workspace, vendor: AcmeVendor) -> None:
    typed = Connection.objects.create(
        workspace=workspace,
        provider="acme",
        name="Typed",
        credentials=Secrets({"access_token": acme.KEY}),
    )

    assert access_token(typed) == acme.KEY
    assert vendor.requests == []


def test_token_that_another_process_renewed_is_taken_over(
    connection: Connection, vendor: AcmeVendor
) -> None:
    access_token(token_age(connection, 20))

    assert access_token(connection) == stored(connection).secret("access_token")
    assert vendor.refreshes == 1


def test_refresh_token_that_the_answer_leaves_out_stays(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.keeps_refresh = True

    access_token(token_age(connection, 20))

    assert stored(connection).secret("refresh_token") == connection.secret("refresh_token")
    assert stored(connection).secret("access_token") != connection.secret("access_token")


def test_secret_that_was_put_beside_the_token_meanwhile_stays(
    connection: Connection, vendor: AcmeVendor
) -> None:
    def hook_registered() -> None:
        row = stored(connection)
        row.credentials = row.credentials.merged({"webhook_secret": "whispered"})
        row.save(update_fields=["credentials"])

    vendor.token_script = [meanwhile(hook_registered)]

    access_token(token_age(connection, 20))

    assert stored(connection).secret("webhook_secret") == "whispered"
    assert stored(connection).secret("refresh_token") == vendor.grants[0].refresh


def test_scopes_follow_what_the_vendor_grants_now(
    connection: Connection, vendor: AcmeVendor
) -> None:
    vendor.grants[0].scopes = ["things.read"]

    access_token(token_age(connection, 20))

    assert stored(connection).scopes == ["things.read"]


def test_twenty_threads_see_a_token_that_is_over_and_one_renews_it(
    connection: Connection, vendor: AcmeVendor
) -> None:
    token_ended(connection, vendor)

    tokens = in_threads(20, lambda number: access_token(stored(connection)))

    assert vendor.refreshes == 1
    assert set(tokens) == {stored(connection).secret("access_token")}
    assert acme.call(stored(connection), "GET", "/account")["id"] == "acct_1"


def test_who_finds_another_renewing_uses_the_token_that_is_still_good(
    connection: Connection, vendor: AcmeVendor
) -> None:
    leases.take(f"refresh:{connection.pk}", 90)

    assert access_token(token_age(connection, 20)) == connection.secret("access_token")
    assert vendor.refreshes == 0


def test_who_waits_too_long_lets_the_work_wait_and_never_renews_without_the_lease(
    connection: Connection, vendor: AcmeVendor, account_job: SyncJob
) -> None:
    leases.take(f"refresh:{connection.pk}", 90)
    token_ended(connection, vendor)

    pump(budget_seconds=0)

    account_job.refresh_from_db()
    assert vendor.refreshes == 0
    assert (account_job.state, account_job.attempts) == (JobState.READY, 0)
    assert account_job.last_error_code == "gate_closed"
    assert stored(connection).state == ConnectionState.ACTIVE


def test_holder_that_was_overtaken_stores_nothing(
    connection: Connection, vendor: AcmeVendor
) -> None:
    name = f"refresh:{connection.pk}"

    def lease_taken() -> None:
        with database.cursor() as cursor:
            cursor.execute("UPDATE hub_namedlease SET until = now() - interval '1 s'")
        assert leases.take(name, 90) is not None

    vendor.token_script = [meanwhile(lease_taken)]

    with pytest.raises(GateClosed, match="took too long"):
        access_token(token_ended(connection, vendor))

    assert stored(connection).token_version == 1
    assert stored(connection).secret("refresh_token") == connection.secret("refresh_token")
