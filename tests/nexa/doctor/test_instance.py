"""The doctor finds what runs on the data folder and says which instance it speaks of."""

from __future__ import annotations

import pytest

from nexa.doctor.instance import instance_found
from nexa.doctor.serving import address_found
from nexa.supervisor.single import LOCK_FILE, only_one


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_FOLDER = tmp_path
    settings.DEMO = True
    settings.NEXA_BASE_URL = "http://127.0.0.1:8000"
    settings.NEXA_SANDBOX_URL = ""
    return tmp_path


def test_running_demo_is_told_with_its_own_addresses(folder) -> None:
    with only_one(folder / LOCK_FILE, address="http://127.0.0.1:8765", sandbox="http://s:8101"):
        instance, address = instance_found(), address_found()

    assert "runs at http://127.0.0.1:8765 (process" in instance.said
    assert str(folder) in instance.said
    assert address.said == "http://127.0.0.1:8765; sandbox of vendors: http://s:8101"


def test_data_on_which_nothing_runs_is_told_as_such(folder) -> None:
    with only_one(folder / LOCK_FILE, address="http://127.0.0.1:8765"):
        pass

    assert "neither make demo nor make run runs on it" in instance_found().said
    assert address_found().said == (
        "http://127.0.0.1:8000 (when started); sandbox of vendors: none"
    )


def test_address_of_make_run_is_where_it_serves_unless_another_was_set(folder, settings) -> None:
    settings.DEMO = False
    with only_one(folder / LOCK_FILE, address="http://127.0.0.1:8143"):
        served = address_found()
        settings.NEXA_BASE_URL = "https://crm.example"
        public = address_found()

    assert served.said == "http://127.0.0.1:8143"
    assert public.said == "https://crm.example"
