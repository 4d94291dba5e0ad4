from __future__ import annotations

import os
import signal
import threading
import time

import psutil
import pytest

from nexa.supervisor import Supervisor, SupervisorError, Watch
from tests.nexa.supervisor.conftest import eventually

pytestmark = pytest.mark.cluster

SLEEPS = "import time; time.sleep(60)"
ENDS = "print('no way'); raise SystemExit(3)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);print('up'); time.sleep(60)"
)
HAS_A_CHILD = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid); time.sleep(60)"
)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _printed(child) -> str:
    assert eventually(lambda: child.last_words() != "")
    return child.last_words()


def test_stop_ends_every_child(supervisor, spec) -> None:
    pids = [supervisor.start(spec(name, SLEEPS)).pid for name in ("one", "two")]

    supervisor.stop()

    assert not any(_alive(pid) for pid in pids)


def test_stop_ends_what_a_child_started(supervisor, spec) -> None:
    child = supervisor.start(spec("parent", HAS_A_CHILD))
    grandchild = int(_printed(child))

    supervisor.stop()

    assert eventually(lambda: not _alive(grandchild))


def test_stop_kills_a_child_that_does_not_listen_and_says_so(register, said, spec) -> None:
    supervisor = Supervisor(register, said.append, patience=0.5)
    child = supervisor.start(spec("deaf", DEAF))
    pid = child.pid
    _printed(child)

    supervisor.stop()

    assert not _alive(pid)
    assert said == ["deaf did not stop when asked and was killed."]


def test_child_that_ends_is_started_again_after_a_pause_and_named(supervisor, said, spec) -> None:
    first = supervisor.start(spec("worker", SLEEPS)).pid
    tending = threading.Thread(target=supervisor.tend)
    tending.start()

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: supervisor.children["worker"].pid not in (None, first))
    supervisor.stopping.set()
    tending.join()
    assert "worker ended (exit code -9); it starts again in 1 s." in said[0]


def test_pause_grows_with_each_end_in_a_row(supervisor, spec) -> None:
    child = supervisor.start(spec("worker", SLEEPS))

    pauses = [child.pause_before_restart() for _ in range(7)]

    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_watch_restarts_a_child_that_lives_but_is_stuck(register, said, spec) -> None:
    reasons = iter(["its heartbeat is stale."])
    watch = Watch("cluster", lambda: next(reasons, ""), 0.1)
    supervisor = Supervisor(register, said.append, watches=[watch], patience=5)
    first = supervisor.start(spec("cluster", SLEEPS)).pid
    tending = threading.Thread(target=supervisor.tend)
    tending.start()

    assert eventually(lambda: supervisor.children["cluster"].pid not in (None, first))
    supervisor.stopping.set()
    tending.join()
    supervisor.stop()

    assert said == ["cluster is restarted: its heartbeat is stale."]
    assert not _alive(first)


def test_wait_until_tells_the_last_words_of_a_child_that_ends(supervisor, spec) -> None:
    supervisor.start(spec("web", ENDS))

    with pytest.raises(SupervisorError, match=r"(?s)web ended at once.*no way"):
        supervisor.wait_until(lambda: False, name="web", seconds=10)


def test_wait_until_gives_up_after_its_time(supervisor, spec) -> None:
    supervisor.start(spec("web", SLEEPS))

    with pytest.raises(SupervisorError, match="web was not ready in 0 s"):
        supervisor.wait_until(lambda: False, name="web", seconds=0.2)


def test_wait_until_says_what_is_missing(supervisor, spec) -> None:
    supervisor.start(spec("web", SLEEPS))

    with pytest.raises(SupervisorError, match=r"not ready in 0 s\. The door is shut\."):
        supervisor.wait_until(
            lambda: False, name="web", seconds=0.2, why=lambda: "The door is shut."
        )


def test_wait_until_ends_when_a_stop_is_asked_for(supervisor, spec) -> None:
    supervisor.start(spec("web", SLEEPS))
    supervisor.stopping.set()

    with pytest.raises(SupervisorError, match="Stopped"):
        supervisor.wait_until(lambda: False, name="web", seconds=60)


def test_terminal_interrupt_reaches_the_supervisor_and_not_its_children(supervisor, spec) -> None:
    child = supervisor.start(spec("web", SLEEPS))

    assert os.getpgid(child.pid) == child.pid != os.getpgrp()


def test_sigterm_asks_the_supervisor_to_stop(supervisor) -> None:
    with supervisor.signals_heard():
        os.kill(os.getpid(), signal.SIGTERM)
        assert supervisor.stopping.wait(5)


def test_orphans_of_a_killed_supervisor_are_ended_by_the_next(register, said, spec) -> None:
    killed = Supervisor(register, said.append)
    pid = killed.start(spec("cluster", SLEEPS)).pid

    assert register.orphans_killed() == ["cluster"]

    killed.children["cluster"].process.wait()
    assert not _alive(pid)
    assert register.orphans_killed() == []


def test_register_spares_a_process_that_only_has_an_old_id(register) -> None:
    register.path.write_text(f'[{{"name": "web", "pid": {os.getpid()}, "born": 1.0}}]')

    assert register.orphans_killed() == []


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', '[{"name": "web"}]'])
def test_register_that_is_not_whole_names_nobody(register, content) -> None:
    register.path.write_text(content)

    assert register.orphans_killed() == []


def test_child_log_that_grew_long_is_put_aside(supervisor, spec) -> None:
    made = spec("web", "print('fresh')")
    made.log.write_bytes(b"x" * (5 * 1024 * 1024 + 1))

    child = supervisor.start(made)

    assert _printed(child) == "fresh"
    assert made.log.with_suffix(".old.log").exists()


def test_environment_of_a_child_is_not_printed_with_it(spec) -> None:
    assert "hush" not in repr(spec("web", SLEEPS, SECRET_KEY="hush"))


def test_stop_waits_for_all_children_at_once(register, said, spec) -> None:
    slow = (
        "import signal, sys, time;"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit(0)));"
        "print('up'); time.sleep(60)"
    )
    supervisor = Supervisor(register, said.append, patience=10)
    for name in ("one", "two", "three"):
        _printed(supervisor.start(spec(name, slow)))
    began = time.monotonic()

    supervisor.stop()

    assert time.monotonic() - began < 2.5
    assert said == []
