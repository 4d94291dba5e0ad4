"""Records are written by services alone: what passes them is in no ledger and reaches no vendor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from crm.models import Record

PROJECT = Path(__file__).parents[2]
ROOMS = ("crm", "integrations", "imports", "nexa")
# Services are the door; migrations know no services, and a bench makes what it measures.
FREE = ("crm/services/", "/migrations/", "nexa/bench/")
WRITES = {
    *("create", "bulk_create", "get_or_create", "update_or_create"),
    *("update", "bulk_update", "delete", "save"),
}


def record_names() -> set[str]:
    return {
        one.__name__ for one in apps.get_app_config("crm").get_models() if issubclass(one, Record)
    }


def written_past_services(source: str, names: set[str]) -> Iterator[int]:
    """Lines that write by a record's manager, or save one that they have just made."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in WRITES and _root(node.func.value) in names:
            yield node.lineno


def _root(node: ast.AST) -> str:
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""
    return node.id


def files() -> list[Path]:
    found = (path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))
    return sorted(one for one in found if not any(free in one.as_posix() for free in FREE))


def test_records_are_written_by_services_alone() -> None:
    names = record_names()
    assert {"Contact", "Deal"} <= names
    past = [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in files()
        for line in written_past_services(path.read_text(encoding="utf-8"), names)
    ]
    assert past == []


@pytest.mark.parametrize(
    "line",
    [
        "Contact.objects.filter(pk=1).update(title='x')",
        "Contact._default_manager.create(workspace=w)",
        "Contact(email='x').save()",
    ],
)
def test_write_past_services_is_seen(line: str) -> None:
    assert list(written_past_services(line, {"Contact"})) == [1]
