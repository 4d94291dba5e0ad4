"""The server runs as long as somebody uses it, however they come and go."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from threading import Timer

from nexa.embedded import release, start
from nexa.embedded.paths import Layout, layout_of
from nexa.embedded.postmaster import process_lives
from nexa.serve.together import embedded_database_used
from tests.nexa.embedded.conftest import Another, asked, server_of, wait_for

Make = Callable[..., Another]


def test_server_stops_with_its_only_user(data_folder: Path, layout: Layout, another: Make) -> None:
    user = another(data_folder)
    user.told("start")
    assert server_of(layout)
    assert user.ended() == 0
    assert server_of(layout) is None


def test_server_outlives_all_users_but_the_last(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    first, second = another(data_folder), another(data_folder)
    first.told("start")
    server = server_of(layout)
    second.told("start")
    first.ended()
    assert server
    assert server_of(layout) == server
    second.ended()
    assert not process_lives(server)


def test_release_stops_for_the_last_only(data_folder: Path, layout: Layout, another: Make) -> None:
    other = another(data_folder)
    other.told("start")
    start(data_folder)
    assert release(data_folder) is False
    assert server_of(layout)
    assert other.told("release") is True
    assert server_of(layout) is None


def test_release_twice_changes_nothing(data_folder: Path) -> None:
    start(data_folder, durable=False)
    assert release(data_folder)
    assert release(data_folder)


def test_release_makes_no_folder(new_folder: Path) -> None:
    assert release(new_folder)
    assert not new_folder.exists()


def test_killed_user_does_not_count(data_folder: Path, layout: Layout, another: Make) -> None:
    killed, last = another(data_folder), another(data_folder)
    killed.told("start")
    last.told("start")
    killed.killed()
    last.ended()
    assert server_of(layout) is None
    assert not list(layout.users.iterdir())


def test_server_left_alone_is_adopted(data_folder: Path, layout: Layout, another: Make) -> None:
    killed, heir = another(data_folder), another(data_folder)
    killed.told("start")
    server = server_of(layout)
    killed.killed()
    assert server_of(layout) == server
    heir.told("start")
    assert server_of(layout) == server
    heir.ended()
    assert server_of(layout) is None


def test_forked_child_that_ends_leaves_the_server_to_its_parent(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    parent = another(data_folder)
    database = parent.told("start")
    server = server_of(layout)
    parent.told("fork")
    assert server_of(layout) == server
    assert asked(database["url"], "SELECT 1") == 1
    parent.ended()
    assert server_of(layout) is None


def test_forked_child_that_outlives_its_parent_keeps_the_server(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    parent, other = another(data_folder), another(data_folder)
    parent.told("start")
    server = server_of(layout)
    parent.told("fork-and-exit")
    parent.process.wait(60)
    other.told("start")
    other.ended()
    assert server_of(layout) == server
    wait_for(lambda: server_of(layout) is None)


def test_many_processes_start_one_server(new_folder: Path, another: Make) -> None:
    users = [another(new_folder) for _ in range(4)]
    for user in users:
        user.tell("start")
    answers = [user.answer() for user in users]
    assert all(asked(answer["url"], "SELECT 1") == 1 for answer in answers)
    servers = {asked(answer["url"], "SELECT pg_postmaster_start_time()") for answer in answers}
    assert len(servers) == 1


def test_interrupted_start_leaves_nothing_running(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    user = another(data_folder)
    user.tell("start")
    wait_for(lambda: server_of(layout))
    user.process.send_signal(signal.SIGINT)
    user.process.wait(60)
    assert server_of(layout) is None


def test_two_data_folders_are_served_side_by_side(folder: Path, data_folder: Path) -> None:
    start(data_folder, durable=False)
    second = start(folder / "second", durable=False)
    assert server_of(layout_of(data_folder)) != server_of(layout_of(folder / "second"))
    assert layout_of(data_folder).password.read_text() != second.password
    release(data_folder)
    assert asked(second.url, "SELECT 1") == 1


def test_child_that_is_still_dying_keeps_no_server_up(
    data_folder: Path, layout: Layout, another: Make
) -> None:
    """A worker that was killed counts as a user for the moment that its end takes."""
    dying = another(data_folder)
    dying.told("start")
    end = Timer(0.5, dying.killed)

    with embedded_database_used(data_folder, durable=False):
        end.start()

    end.join()
    assert server_of(layout) is None
