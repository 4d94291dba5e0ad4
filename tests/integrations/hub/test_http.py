"""The one seam: sandbox switch, time-outs, own hosts only, private networks refused, no leaks."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import transaction

from integrations.hub import registry
from integrations.hub.access import host_is_declared
from integrations.hub.errors import (
    AuthExpired,
    Conflict,
    Forbidden,
    GateClosed,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RetryLater,
)
from integrations.hub.http import (
    AddressRefused,
    error_for_status,
    recording,
    session_for,
    status_error,
    url_check,
)
from integrations.hub.http.guard import is_public
from integrations.hub.http.session import shortest_timeout
from integrations.hub.http.status import retry_after_seconds
from integrations.hub.models import Connection
from tests.integrations.hub import echo
from tests.integrations.hub.echo import EchoVendor, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def any_host() -> Iterator[None]:
    """The echo provider as one whose address a person types in."""
    registry.remove("echo")
    registry.add(replace(echo.provider, has_user_given_host=True))
    yield
    registry.remove("echo")
    registry.add(echo.provider)


def test_sandbox_takes_the_call_and_the_caller_sees_the_vendor(
    connection: Connection, vendor: EchoVendor
) -> None:
    response = session_for(connection).get(f"{echo.HOST}/account", params={"a": "b"})

    assert response.url == response.request.url == f"{echo.HOST}/account?a=b"
    method, path, headers, _, _ = vendor.requests[0]
    assert (method, path, headers["X-Forwarded-Host"]) == ("GET", "/account", "api.echo.test")


def test_switch_is_read_at_the_call(connection: Connection, settings: Any) -> None:
    session = session_for(connection)
    with echo.running_vendor() as first, echo.running_vendor() as second:
        for vendor in (first, second):
            settings.NEXA_SANDBOX_URL = vendor.url
            session.get(f"{echo.HOST}/account")

        assert (first.calls("/account"), second.calls("/account")) == (1, 1)


def test_demo_without_its_sandbox_calls_nobody(connection: Connection, settings: Any) -> None:
    settings.DEMO, settings.NEXA_SANDBOX_URL = True, ""

    with pytest.raises(GateClosed, match=r"The demo is not running.*make demo"):
        session_for(connection).get(f"{echo.HOST}/account")


@pytest.mark.parametrize("command", [["sync"], ["reconcile"], ["hubworker", "--once"]])
def test_command_of_a_demo_without_its_sandbox_is_refused_in_words(
    settings: Any, command: list[str]
) -> None:
    settings.DEMO, settings.NEXA_SANDBOX_URL = True, ""

    with pytest.raises(CommandError, match="there is no sandbox to ask"):
        call_command(*command)


def test_call_inside_a_transaction_is_refused(connection: Connection, vendor: EchoVendor) -> None:
    with pytest.raises(RuntimeError, match="inside a database transaction"), transaction.atomic():
        session_for(connection).get(f"{echo.HOST}/account")

    assert not vendor.requests


@pytest.mark.parametrize(
    "url", ["http://api.echo.test/x", "https://evil.test/x", "https://api.echo.test.evil.test/"]
)
def test_only_the_declared_hosts_are_called(
    connection: Connection, settings: Any, url: str
) -> None:
    settings.NEXA_SANDBOX_URL = ""

    with pytest.raises(AddressRefused):
        session_for(connection).get(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "http://93.184.216.34/",
        "https://user:password@93.184.216.34/",
        "ftp://93.184.216.34/",
    ],
)
def test_address_in_a_private_network_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        url_check(url)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is expected


def test_allowed_private_host_is_called_at_its_address(
    connection: Connection, any_host: None, settings: Any
) -> None:
    settings.NEXA_PRIVATE_HOSTS_ALLOWED = ["localhost"]
    with echo.running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = ""
        port = vendor.url.rpartition(":")[2]

        response = session_for(connection).get(f"http://localhost:{port}/account")

        assert response.status_code == 401
        assert vendor.requests[0][2]["Host"] == f"localhost:{port}"


def test_private_host_that_is_not_allowed_is_not_reached(
    connection: Connection, any_host: None, settings: Any
) -> None:
    with echo.running_vendor() as vendor:
        settings.NEXA_SANDBOX_URL = ""
        url = vendor.url.replace("http://", "https://")

        with pytest.raises(AddressRefused, match="private network"):
            session_for(connection).get(url)

        assert not vendor.requests


def test_declared_hosts_match_whole_labels() -> None:
    assert host_is_declared("shop.vendor.com", ("*.vendor.com",))
    assert not host_is_declared("evilvendor.com", ("*.vendor.com",))
    assert not host_is_declared("vendor.com.evil.test", ("vendor.com",))


def test_redirect_to_another_host_is_not_followed(
    connection: Connection, vendor: EchoVendor
) -> None:
    vendor.script = [status(302, Location="https://evil.test/steal")]

    response = session_for(connection).get(f"{echo.HOST}/account")

    assert response.status_code == 302
    assert len(vendor.requests) == 1
    assert isinstance(status_error(response), Rejected)


def test_vendor_that_never_answers_does_not_hold_a_worker(
    connection: Connection, settings: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.NEXA_SANDBOX_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()

        with pytest.raises(requests.Timeout):
            session_for(connection).get(f"{echo.HOST}/account", timeout=(1, 0.5))

        assert time.monotonic() - started < 5


def test_nobody_may_ask_for_a_longer_time_out() -> None:
    assert shortest_timeout(80) == (5.0, 20.0)
    assert shortest_timeout(None) == (5.0, 20.0)
    assert shortest_timeout((1, 2)) == (1.0, 2.0)


def test_netrc_of_the_machine_is_not_used(
    connection: Connection, vendor: EchoVendor, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.echo.test login somebody password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    session_for(connection).get(f"{echo.HOST}/account")

    assert "Authorization" not in vendor.requests[0][2]


def test_exchange_is_recorded_redacted_and_cut(connection: Connection, vendor: EchoVendor) -> None:
    with recording() as exchanges:
        session_for(connection).post(
            f"{echo.HOST}/account?token={echo.API_KEY}",
            data={"password": "hunter2hunter2", "text": "x" * 50_000},
            headers={"Authorization": f"Bearer {echo.API_KEY}"},
        )

    kept = exchanges[0]
    assert (kept.method, kept.status, kept.request_id) == ("POST", 200, "req_1")
    assert echo.API_KEY not in kept.url + kept.request_body + kept.response_body
    assert "hunter2" not in kept.request_body
    assert len(kept.request_body) < 17_000
    assert len(kept.request_digest) == 64


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (301, Rejected),
        (400, Rejected),
        (401, AuthExpired),
        (402, Rejected),
        (403, Forbidden),
        (404, NotFound),
        (408, OutcomeUnknown),
        (409, Conflict),
        (410, NotFound),
        (412, Conflict),
        (422, Rejected),
        (429, RateLimited),
        (425, RetryLater),
        (500, RetryLater),
        (502, OutcomeUnknown),
        (503, RetryLater),
        (504, OutcomeUnknown),
        (524, OutcomeUnknown),
    ],
)
def test_status_says_what_to_do(code: int, error: type[Exception]) -> None:
    assert type(error_for_status(code)) is error


def test_success_is_no_error() -> None:
    assert error_for_status(204) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("-1", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, expected: float | None) -> None:
    headers = {"Retry-After": value, "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}

    assert retry_after_seconds(headers) == expected


def test_answer_that_is_too_large_is_refused(connection: Connection, vendor: EchoVendor) -> None:
    vendor.script = [lambda request: echo.Response(b"x" * (20 * 1024 * 1024 + 1))]

    with pytest.raises(Rejected, match="larger than 20 MiB"):
        session_for(connection).get(f"{echo.HOST}/account")

    assert threading.active_count() < 50
