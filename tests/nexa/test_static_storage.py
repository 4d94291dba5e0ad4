"""Static files as an installation collects them, over what an older release has left."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from nexa.storage import static_storage

NEW = "body { color: black; }\n" * 100


@pytest.fixture
def collected(tmp_path: Path, settings: Any) -> Path:
    """The folder that is served; the source holds one stylesheet."""
    source = tmp_path / "source" / "css"
    source.mkdir(parents=True)
    (source / "nexa.css").write_text(NEW)
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "collected")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": static_storage(debug=False, demo=False),
    }
    return tmp_path / "collected"


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def test_stylesheet_of_error_pages_leaves_no_older_release_behind(collected: Path) -> None:
    (collected / "css").mkdir(parents=True)
    for ending in (".gz", ".br"):
        (collected / "css" / f"nexa.css{ending}").write_bytes(gzip.compress(b"body { color: red }"))

    collect()

    assert (collected / "css" / "nexa.css").read_text() == NEW
    assert not list((collected / "css").glob("nexa.css.*"))


def test_what_pages_name_is_compressed_also_when_it_is_collected_again(collected: Path) -> None:
    collect()
    collect()

    made = {path.name.split(".", 2)[2] for path in (collected / "css").glob("nexa.*.css*")}
    assert made == {"css", "css.gz", "css.br"}
