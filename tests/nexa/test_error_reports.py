from __future__ import annotations

import sys

import pytest
from django.test import RequestFactory

from nexa.error_reports import SafeExceptionReporter

WORDS = ("hunter2", "sk_test_abcdef12", "session-abc", "whsec_abcdef12")


@pytest.fixture(params=[True, False], ids=["debug", "production"])
def reporter(request: pytest.FixtureRequest, settings) -> SafeExceptionReporter:
    settings.DEBUG = request.param
    page = RequestFactory().post(
        "/x?token=hunter2",
        {"password": "hunter2", "name": "Mira"},
        headers={"Authorization": "Bearer sk_test_abcdef12", "Cookie": "sessionid=session-abc"},
    )
    api_key, note = "sk_test_abcdef12", {"client_secret": "hunter2"}  # noqa: F841 - shown as locals
    try:
        raise RuntimeError(f"refused {api_key} with whsec_abcdef12")
    except RuntimeError:
        return SafeExceptionReporter(page, *sys.exc_info())


@pytest.mark.parametrize("form", ["get_traceback_html", "get_traceback_text"])
def test_report_shows_the_crash_and_no_secret(reporter, form) -> None:
    report = getattr(reporter, form)()

    assert "RuntimeError" in report
    source = report.count("sk_test_abcdef12")
    assert source == 0
    for word in WORDS[1:]:
        assert word not in report


def test_report_hides_settings(reporter, settings) -> None:
    report = reporter.get_traceback_html()

    assert settings.SECRET_KEY not in report
    assert settings.NEXA_ENCRYPTION_KEYS[0] not in report


def test_report_keeps_what_helps(reporter) -> None:
    assert "Mira" in reporter.get_traceback_html()


def test_settings_name_the_safe_reporter(settings) -> None:
    assert settings.DEFAULT_EXCEPTION_REPORTER.endswith("SafeExceptionReporter")
    assert settings.DEFAULT_EXCEPTION_REPORTER_FILTER.endswith("SafeReporterFilter")
