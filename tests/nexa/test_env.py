from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from nexa.env import env_bool, env_int, env_list, env_path, env_secret, env_str, env_url

NAME = "NEXA_TEST_VALUE"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch):
    return lambda value, name=NAME: monkeypatch.setenv(name, value)


def test_env_str_strips_blanks(given) -> None:
    given("  word ")

    assert env_str(NAME) == "word"


@pytest.mark.parametrize("word", ["1", "true", "Yes", " on "])
def test_env_bool_reads_yes(given, word) -> None:
    given(word)

    assert env_bool(NAME)


@pytest.mark.parametrize("word", ["0", "False", "no", "off", ""])
def test_env_bool_reads_no(given, word) -> None:
    given(word)

    assert not env_bool(NAME, default=True)


def test_env_bool_refuses_another_word(given) -> None:
    given("maybe")

    with pytest.raises(ImproperlyConfigured, match="NEXA_TEST_VALUE must be true or false"):
        env_bool(NAME)


def test_env_bool_that_is_not_set_takes_the_default() -> None:
    assert env_bool(NAME, default=True)


@pytest.mark.parametrize(("text", "said"), [("x", "whole number"), ("0", "at least 1")])
def test_env_int_refuses(given, text, said) -> None:
    given(text)

    with pytest.raises(ImproperlyConfigured, match=said):
        env_int(NAME, 4, minimum=1)


def test_env_int_refuses_more_than_its_maximum(given) -> None:
    given("99")

    with pytest.raises(ImproperlyConfigured, match="NEXA_TEST_VALUE must be at most 23, not 99"):
        env_int(NAME, 3, maximum=23)


@pytest.mark.parametrize("text", ["", " , "])
def test_env_list_that_is_needed_is_refused_empty(given, text) -> None:
    given(text)

    with pytest.raises(ImproperlyConfigured, match=r"NEXA_TEST_VALUE is not set\. Set it to names"):
        env_list(NAME, needed_for="names")


def test_env_secret_that_is_too_short_is_refused_and_not_shown(given, tmp_path) -> None:
    given("hunter2")
    with pytest.raises(ImproperlyConfigured, match="at least 50 random characters") as refused:
        env_secret(NAME, shortest=50)
    assert "hunter2" not in str(refused.value)

    (tmp_path / "key").write_text("hunter2")
    given(str(tmp_path / "key"), f"{NAME}_FILE")
    with pytest.raises(ImproperlyConfigured, match="is too short"):
        env_secret(NAME, shortest=50)


def test_env_int_that_is_empty_takes_the_default(given) -> None:
    given("")

    assert env_int(NAME, 4) == 4


def test_env_list_drops_blanks(given) -> None:
    given("a, ,b,")

    assert env_list(NAME) == ["a", "b"]


def test_env_path_knows_home(given) -> None:
    given("~/data")

    assert env_path(NAME, Path("/x")) == Path.home().resolve() / "data"


def test_env_url_refuses_another_scheme_without_showing_the_value(given) -> None:
    given("mysql://user:hush@host/db")

    with pytest.raises(ImproperlyConfigured) as refused:
        env_url(NAME, schemes=("postgres", "postgresql"))

    assert "postgres, postgresql" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_env_secret_has_to_be_set() -> None:
    with pytest.raises(ImproperlyConfigured, match="NEXA_TEST_VALUE_FILE"):
        env_secret(NAME)


def test_env_secret_that_is_not_required_is_empty_or_whole(given) -> None:
    assert env_secret(NAME, is_required=False) == ""

    given("-begins-with-a-dash")

    assert env_secret(NAME, is_required=False) == "-begins-with-a-dash"


def test_env_secret_may_lie_in_a_file(given, tmp_path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush\n", encoding="utf-8")
    given(str(path), f"{NAME}_FILE")

    assert env_secret(NAME) == "hush"


def test_env_secret_file_goes_before_the_value(given, tmp_path) -> None:
    path = tmp_path / "secret"
    path.write_text("from file", encoding="utf-8")
    given("from environment")
    given(str(path), f"{NAME}_FILE")

    assert env_secret(NAME) == "from file"


def test_env_secret_file_that_is_missing_is_named(given, tmp_path) -> None:
    given(str(tmp_path / "none"), f"{NAME}_FILE")

    with pytest.raises(ImproperlyConfigured, match=r"cannot read .*none"):
        env_secret(NAME)


def test_env_secret_file_that_is_empty_is_refused(given, tmp_path) -> None:
    (tmp_path / "secret").touch()
    given(str(tmp_path / "secret"), f"{NAME}_FILE")

    with pytest.raises(ImproperlyConfigured, match="is empty"):
        env_secret(NAME)
