"""What README says is true: its commands exist, and it names every setting and no other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from nexa.bench import BENCHES

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
SETTINGS_TABLE = README.split("### Settings")[1].split("### Backup")[0]
MAKE_CALLS = sorted(
    set(re.findall(r"`?(make [a-z]+(?: [A-Z]+=(?:\"[^\"]*\"|\S+?))*)[`\s,.:;]", README))
)
MANAGE_CALLS = sorted(
    {*re.findall(r'make manage ARGS="([^"…]+)"', README)}
    | {*re.findall(r"manage\.py ([a-z_]+[^`\n]*)`", README)}
)
ELSEWHERE = {"NEXA_BIND", "NEXA_WEB_WORKERS", "NEXA_WEB_THREADS"}  # gunicorn.conf.py


def _settings_read() -> set[str]:
    source = (PROJECT / "nexa" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'env_[a-z]+\(\s*"([A-Z0-9_]+)"', source))


def test_readme_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", SETTINGS_TABLE)) - {"SECRET_KEY_FILE"}

    assert named - ELSEWHERE == _settings_read()


def test_web_server_reads_the_settings_that_readme_names() -> None:
    source = (PROJECT / "gunicorn.conf.py").read_text(encoding="utf-8")

    assert set(re.findall(r'environ\.get\("([A-Z_]+)"', source)) == ELSEWHERE


@pytest.mark.parametrize("call", MAKE_CALLS)
def test_make_target_of_readme_exists(call) -> None:
    target = shlex.split(call)[1]

    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), call


@pytest.mark.parametrize("call", MANAGE_CALLS)
def test_command_of_readme_exists_with_its_options(call) -> None:
    name, *arguments = shlex.split(call)

    app = get_commands()[name]
    parser = load_command_class(app, name).create_parser("manage.py", name)

    for option in (word for word in arguments if word.startswith("--")):
        assert option in parser.format_help(), f"{name} {option}"


def test_readme_names_benches_that_exist() -> None:
    named = set(re.findall(r'make bench ARGS="(\w+)', README))

    assert named <= set(BENCHES)
    assert named


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((\S+?)\)", README))))
def test_link_of_readme_leads_somewhere(path) -> None:
    assert (PROJECT / path).exists()


def test_make_help_tells_every_target() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE).group(1).split()

    for target in targets:
        assert re.search(rf"^{target}:.*## \S", MAKEFILE, re.MULTILINE), target


def test_licence_is_the_one_that_is_declared() -> None:
    text = (PROJECT / "LICENSE").read_text(encoding="utf-8")

    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in text
    assert "END OF TERMS AND CONDITIONS" in text
