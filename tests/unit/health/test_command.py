# SPDX-License-Identifier: Apache-2.0
"""command: programs of all kinds, none of which leaves anything behind."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import OK, Outcome, wrong
from dsrlb.health.loop import Loop
from tests.unit.health.asked import outcome, target
from tests.waiting import wait_until

MARK = "dsrlb-health-test-"


def _marked(mark: str) -> list[str]:
    """Processes with the mark in their command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes()
        except OSError:
            continue
        if mark.encode() in line and place.parent.name != str(os.getpid()):
            found.append(line.decode(errors="replace"))
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    """A word for the command lines of a test's programs, of which none is left when it ends."""
    word = MARK + secrets.token_hex(8)
    yield word
    wait_until("nothing is left", lambda: not _marked(word), 5)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _shell(script: str, mark: str, timeout: int = 2000) -> Outcome:
    return outcome(target("command", command=("/bin/sh", "-c", script, mark), timeout=timeout))


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("exit 0", OK),
        ("echo fine", Outcome("ok", "'fine\\n'")),
        ("exit 3", wrong("exit code 3")),
        ("echo no database >&2; exit 1", wrong("exit code 1: 'no database\\n'")),
        ("kill -SEGV $$", wrong("ended by SIGSEGV")),
        ("cat; exit 2", wrong("exit code 2")),
    ],
)
def test_what_it_says(mark: str, script: str, wanted: Outcome) -> None:
    assert _shell(script, mark) == wanted


def test_a_program_that_is_not_there() -> None:
    found = outcome(target("command", command=("/nowhere/check",)))
    assert found == wrong("not run: No such file or directory")


def test_a_program_that_may_not_be_run(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "check"
    file.write_text("#!/bin/sh\nexit 0\n")
    file.chmod(0o644)
    found = outcome(target("command", command=(str(file),)))
    assert found == wrong("not run: Permission denied")


def test_a_program_that_is_none() -> None:
    found = outcome(target("command", command=("/etc/passwd",)))
    assert found.verdict == "wrong-answer" and found.detail.startswith("not run: ")


def test_the_environment(mark: str) -> None:
    one = target("command", "198.18.0.7", 80, command=("/usr/bin/env",), timeout=1500)
    told = outcome(one, up=False).detail
    for line in (
        "DSRLB_SERVICE=web", "DSRLB_VIP=192.0.2.10", "DSRLB_REAL=", "DSRLB_ADDRESS=198.18.0.7",
        "DSRLB_PORT=80",
    ):  # fmt: skip
        assert f"{line}\\n" in told
    script = 'test "$DSRLB_TIMEOUT_MS $DSRLB_STATE" = "2000 up" && test "$(env | wc -l)" -le 11'
    assert _shell(script, mark) == OK


def test_what_it_may(mark: str) -> None:
    """Nothing: no capabilities, no more privileges by any program, limits, nothing open."""
    assert _shell("grep -q 'CapEff:.0000000000000000' /proc/self/status", mark) == OK
    assert _shell("grep -q 'NoNewPrivs:.1' /proc/self/status", mark) == OK
    assert _shell("test $(ulimit -n) = 1024 && test $(ulimit -t) = 3", mark) == OK
    assert _shell("test $(ulimit -v) = 1048576 && test $(ulimit -c) = 0", mark) == OK
    if os.geteuid() == 0:
        assert _shell("test $(id -un) = nobody", mark) == OK


def test_no_descriptors_are_handed_on(mark: str) -> None:
    with socket.socket():
        found = _shell("for fd in /proc/$$/fd/*; do readlink $fd; done; exit 1", mark)
    links = [line for line in found.detail.split("'")[1].split("\\n") if line]
    assert links and links.pop(0) == "/dev/null"
    assert all(link.startswith("pipe:") for link in links)


def _late(found: Outcome, milliseconds: int) -> bool:
    return found.verdict == "no-answer" and found.detail.startswith(
        f"killed after {milliseconds} ms"
    )


def test_it_hangs(mark: str) -> None:
    begin = time.monotonic()
    assert _late(_shell(f"sleep 1000 # {mark}", mark, 200), 200)
    assert time.monotonic() - begin < 1.5


@pytest.mark.parametrize(
    "script",
    [
        "trap '' TERM INT HUP; while :; do :; done",
        "sh -c 'sleep 1000' {} & sh -c 'sleep 1000' {} & wait",
        'setsid sh -c \'trap "" TERM; sh -c "sleep 1000" {}; :\' {} & sleep 1000',
    ],
    ids=["ignores", "forks", "detaches"],
)
def test_it_does_not_want_to_end(mark: str, script: str) -> None:
    assert _late(_shell(script.replace("{}", mark), mark, 300), 300)
    assert not _marked(mark)


def test_a_daemon_is_not_left(mark: str) -> None:
    """It has ended well, and left another process, detached in every way."""
    script = f"(setsid sh -c 'cd /; sleep 1000; :' {mark} >/dev/null 2>&1 &) ; exit 0"
    assert _shell(script, mark) == OK
    assert not _marked(mark)


def test_a_daemon_that_keeps_the_output_open(mark: str) -> None:
    begin = time.monotonic()
    assert _shell(f"(setsid sh -c 'sleep 1000; :' {mark} &); echo up", mark).detail == "'up\\n'"
    assert time.monotonic() - begin < 1.5


def test_it_prints_megabytes(mark: str) -> None:
    found = _shell("head -c 20000000 /dev/zero | tr '\\0' x; exit 1", mark, 5000)
    assert found == wrong(f"exit code 1: '{'x' * 200}'...")


def test_it_prints_without_end(mark: str) -> None:
    assert _late(_shell("exec yes", mark, 300), 300)


def test_it_needs_too_much_memory(mark: str) -> None:
    assert _shell("head -c 2000000000 /dev/zero | tail -c 1999999999", mark, 5000) != OK


def _stepped(loop: Loop) -> Loop:
    loop.step(0.05)
    return loop


def test_nobody_wants_to_know(mark: str) -> None:
    """The check is cancelled: its program ends."""
    loop = Loop()
    asker = Asker(loop, 1)
    command = ("/bin/sh", "-c", "sleep 1000; :", mark)
    one = target("command", command=command, timeout=60000)
    probe = asker.probe(one, 60, lambda outcome: None, True)
    probe.start()
    wait_until("it runs", lambda: any("sleep" in line for line in _marked(mark)))
    probe.cancel()
    wait_until("it does not", lambda: _stepped(loop) and not _marked(mark))
    wait_until("it is waited for", lambda: _stepped(loop) and not loop.watched)
    loop.close()


def test_its_keeper_is_killed(mark: str) -> None:
    """That says nothing about the real server. The program ends with it."""
    loop, told = Loop(), list[Outcome]()
    asker = Asker(loop, 1)
    command = ("/bin/sh", "-c", "while :; do :; done", mark)
    probe = asker.probe(target("command", command=command), 30, told.append, True)
    probe.start()
    wait_until("it runs", lambda: _marked(mark))
    keeper = int(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[0])
    os.kill(keeper, signal.SIGKILL)
    wait_until("it is told", lambda: _stepped(loop) and told)
    assert told == [Outcome("no-answer", "the run came to no end", asked=False)]
    wait_until("it is waited for", lambda: _stepped(loop) and not loop.watched)
    loop.close()
