"""Files to import, and jobs at every step."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crm.models import User, Workspace
from imports.choices import DuplicateStrategy, ErrorPolicy
from imports.models import ImportJob
from imports.plan import plan_work
from imports.run import run_work
from imports.services import import_create, import_plan_start, import_start

HEADER = "First name,Last name,Email,Phone,Company,Website"

MakeJob = Callable[..., ImportJob]


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Uploads of a test go into its own folder."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path / "files"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


def csv_bytes(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return "\n".join((header, *rows, "")).encode(encoding)


def people(count: int, *, start: int = 0) -> list[str]:
    """Rows of people whom nothing has in common but every third one's company."""
    return [
        f"Given{n},Family{n},p{n}@people.example,+61 4{n:08d},Company {n // 3},c{n // 3}.example"
        for n in range(start, start + count)
    ]


@pytest.fixture
def upload(workspace: Workspace, manager: User) -> MakeJob:
    """A job whose file was taken in and whose columns were guessed."""

    def make(*rows: str, header: str = HEADER, content: bytes | None = None) -> ImportJob:
        return import_create(
            workspace=workspace,
            user=manager,
            upload=io.BytesIO(content or csv_bytes(*rows, header=header)),
            file_name="people.csv",
        )

    return make


@pytest.fixture
def checked(upload: MakeJob) -> MakeJob:
    """A job whose file was rehearsed."""

    def make(
        *rows: str,
        strategy: DuplicateStrategy = DuplicateStrategy.UPDATE,
        error_policy: ErrorPolicy = ErrorPolicy.CONTINUE,
        date_order: str = "",
        **given: Any,
    ) -> ImportJob:
        job = upload(*rows, **given)
        import_plan_start(
            job,
            mapping=job.mapping,
            strategy=strategy,
            error_policy=error_policy,
            date_order=date_order,
        )
        plan_work(job.pk)
        return fresh(job)

    return make


@pytest.fixture
def imported(checked: MakeJob) -> MakeJob:
    """A job that ran to its end."""

    def make(*rows: str, **given: Any) -> ImportJob:
        job = checked(*rows, **given)
        import_start(job)
        run_work(job.pk)
        return fresh(job)

    return make


def fresh(job: ImportJob) -> ImportJob:
    return ImportJob.objects.get(pk=job.pk)


def causes(job: ImportJob) -> dict[str, int]:
    """How often each cause was found by the check."""
    found: dict[str, int] = {}
    for cause in job.plan["causes"].values():
        found[cause["cause"]] = found.get(cause["cause"], 0) + cause["count"]
    return found


def counted(job: ImportJob) -> dict[str, int]:
    """The run's counts, in the form of the check's."""
    names: Sequence[str] = (
        "created",
        "updated",
        "unchanged",
        "folded",
        "skipped",
        "ambiguous",
        "failed",
    )
    return {name: getattr(job, name) for name in names}
