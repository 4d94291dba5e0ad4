"""Imports in every state a person can meet them in."""

from __future__ import annotations

import io
from dataclasses import dataclass

from crm.models import User, Workspace
from imports.choices import DuplicateStrategy, ErrorPolicy
from imports.models import ImportJob
from imports.plan import plan_work
from imports.run import run_work
from imports.services import import_create, import_plan_start, import_start

HEADER = "First Name,Last Name,Email,Company Name,Phone,Favourite colour"
GOOD = (
    "Ada,Lovelace,ada@engine.example,Analytical Engines,+44 20 7946 0018,blue",
    "Grace,Hopper,grace@navy.example,Navy,,",
)
# Known already, no address at all, known twice in the file.
ODD = (
    "Mira,Okafor,mira.okafor@harbour-robotics.example,Harbour Robotics,+1 415 555 0199,",
    "Nobody,Atall,not an address,,,",
    "Ada,Lovelace,ada@engine.example,Analytical Engines,,",
)


@dataclass(frozen=True)
class Uploads:
    """One import job for each page of the import."""

    to_map: ImportJob
    to_review: ImportJob
    at_work: ImportJob
    done: ImportJob


def uploads_made(workspace: Workspace, user: User) -> Uploads:
    def upload(name: str, *lines: str) -> ImportJob:
        content = "\n".join([HEADER, *lines, ""]).encode()
        return import_create(
            workspace=workspace, user=user, upload=io.BytesIO(content), file_name=name
        )

    done = _checked(upload("customers of last year.csv", *GOOD, *ODD))
    import_start(done)
    run_work(done.pk)
    at_work = _checked(upload("at work.csv", *GOOD))
    import_start(at_work)
    return Uploads(
        to_map=upload("fair.csv", *GOOD),
        to_review=_checked(upload("newsletter.csv", *GOOD, *ODD, "Alan,Turing,alan@park.example")),
        at_work=at_work,
        done=done,
    )


def _checked(job: ImportJob) -> ImportJob:
    import_plan_start(
        job,
        mapping=job.mapping,
        strategy=DuplicateStrategy.UPDATE,
        error_policy=ErrorPolicy.CONTINUE,
    )
    plan_work(job.pk)
    return ImportJob.objects.get(pk=job.pk)
