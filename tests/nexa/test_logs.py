from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.trace import within_context
from integrations.hub import tasks
from nexa.configuration import log_settings
from nexa.logs import ContextFilter, JsonFormatter, PlainFormatter

JSON = JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s %(context_id)s")
PLAIN = PlainFormatter("%(levelname)s [%(context_id)s] %(message)s")

Written = Callable[[], str]


@pytest.fixture(params=[JSON, PLAIN], ids=["json", "plain"])
def written(request: pytest.FixtureRequest) -> Iterator[Written]:
    yield from _logging_to(request.param)


@pytest.fixture
def written_json() -> Iterator[Written]:
    yield from _logging_to(JSON)


def _logging_to(formatter: logging.Formatter) -> Iterator[Written]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(ContextFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream.getvalue
    root.removeHandler(handler)


def test_line_hides_secrets_in_arguments(written) -> None:
    logging.getLogger("x").warning("calling with %s and %r", "sk_test_abcdef12", {"token": "tok1"})

    assert "sk_test_abcdef12" not in written()
    assert "tok1" not in written()


def test_line_hides_secrets_in_a_traceback(written) -> None:
    try:
        raise ValueError("refused: Authorization: Bearer abcdef123456")
    except ValueError:
        logging.getLogger("x").exception("failed")

    assert "ValueError" in written()
    assert "abcdef123456" not in written()


def test_line_hides_our_secret_key(written) -> None:
    logging.getLogger("x").warning("it is %s", django_settings.SECRET_KEY)

    assert django_settings.SECRET_KEY not in written()


def test_line_carries_the_id_of_its_request(written) -> None:
    with within_context("req-0123456789ab"):
        logging.getLogger("x").warning("here")

    assert "req-0123456789ab" in written()


@pytest.fixture
def context_ids() -> Iterator[list[str]]:
    """The ids under which the database is asked."""
    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ContextFilter().filter(record)
            seen.append(record.context_id)

    queries, listener = logging.getLogger("django.db.backends"), Listener()
    before = queries.level
    queries.addHandler(listener)
    queries.setLevel(logging.DEBUG)
    queries.propagate = False
    with CaptureQueriesContext(connection):
        yield seen
    queries.removeHandler(listener)
    queries.setLevel(before)
    queries.propagate = True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("task", "prefix"), [(tasks.tick, "tick-"), (tasks.pump, "task-")])
def test_everything_in_a_task_carries_the_id_of_the_task(context_ids, task, prefix) -> None:
    task()

    assert len(set(context_ids)) == 1
    assert context_ids[0].startswith(prefix)


def test_json_line_is_one_object_whatever_the_message_holds(written_json) -> None:
    logging.getLogger("x").warning('password="a\nb" "quoted" \\ and \u2028', extra={"api_key": "k"})

    lines = written_json().splitlines()
    found = json.loads(lines[0])
    assert len(lines) == 1
    assert found["levelname"] == "WARNING"
    assert found["api_key"] == "[redacted]"


def test_plain_line_cannot_be_forged_by_a_line_break() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "name: %s", ("a\nERROR [-] forged",), None)
    ContextFilter().filter(record)

    assert "\n" not in PLAIN.format(record)


def test_log_settings_put_context_and_redaction_on_every_handler() -> None:
    found = log_settings(level="INFO", json=True)

    for handler in found["handlers"].values():
        assert "context" in handler["filters"]
    for formatter in found["formatters"].values():
        assert formatter["()"].startswith("nexa.logs.")
