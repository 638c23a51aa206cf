# SPDX-License-Identifier: Apache-2.0
"""Runs one program, and leaves nothing of it behind: a process between the program and who wants to
know, made by fork() for each run.

All that the program starts, however far it detaches itself, becomes a child of this process when
its parent ends (PR_SET_CHILD_SUBREAPER), and is killed when the program has ended, when the time is
over, or when who wants to know is gone.
"""

from __future__ import annotations

import ctypes
import gc
import json
import math
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from dsrlb import privileges
from dsrlb.errors import KernelError

MOST_OUTPUT = 1024
"""Bytes of what the program prints that are kept."""

NOBODY = "nobody"
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_CLEANING_SECONDS = 1.0
_MOST_MEMORY = 1 << 30
_MOST_FILES = 1024
_NOT_RUN, _FAILED_HERE = 127, 126

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it. ``code``: the exit code, or less than zero: the signal that ended it; None:
    the time was over. ``trouble``: why it could not be run."""

    code: int | None
    output: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What to run: ``seconds`` at most."""

    command: Sequence[str]
    environment: Mapping[str, str]
    seconds: float


def start(job: Job) -> tuple[int, socket.socket]:
    """Begin; returns the process, to be waited for, and a socket that is told a `Ran` as JSON and
    closed then. Closing it ends the run. Raises OSError."""
    mine, theirs = socket.socketpair()
    try:
        pid = os.fork()
    except OSError:
        mine.close()
        theirs.close()
        raise
    if not pid:
        _supervise(job, theirs.fileno())
    theirs.close()
    mine.setblocking(False)
    return pid, mine


def _supervise(job: Job, channel: int) -> NoReturn:
    """The process that is in between: nothing of its caller's may be touched."""
    code = _FAILED_HERE
    try:
        gc.disable()  # what it would collect are the caller's objects, with their descriptors
        os.dup2(channel, 3)
        os.closerange(4, _highest())
        _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        ran = _run(job, 3)
        with suppress(OSError):  # nobody listens any more
            os.write(3, json.dumps(asdict(ran)).encode())
        code = 0
    finally:
        os._exit(code)


def _highest() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _run(job: Job, channel: int) -> Ran:
    deadline = time.monotonic() + job.seconds
    output, printed = os.pipe2(os.O_NONBLOCK)
    failure, failing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        _become(job, printed, failing)
    os.close(printed)
    os.close(failing)
    try:
        trouble = os.read(failure, 1024).decode(errors="replace")  # until it is run, or cannot be
        kept = bytearray()
        ended = trouble == "" and _wait(pid, output, channel, deadline, kept)
        if not ended:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        _drain(output, kept)
    finally:
        _clean()
    code = os.waitstatus_to_exitcode(status) if ended else None
    return Ran(code, kept.decode(errors="replace"), trouble)


def _become(job: Job, printed: int, failing: int) -> NoReturn:
    """The program, in a session of its own, without privileges."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, descriptor in enumerate((nothing, printed, printed)):
            os.dup2(descriptor, number)
        os.set_blocking(1, True)
        os.chdir("/")
        _limit(job.seconds)
        if os.geteuid() == 0:
            privileges.drop_to(NOBODY)
        else:
            privileges.keep(())
        _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # changing the user takes it back
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(3, failing)
        os.execve(job.command[0], list(job.command), dict(job.environment))
    except (OSError, ValueError, KernelError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        os.write(failing, (text or "not run").encode()[:1000])
    finally:
        os._exit(_NOT_RUN)


def _limit(seconds: float) -> None:
    """So much of the host. Not the number of processes: that is of all that its user runs anywhere
    on the host, and says nothing of this one."""
    cpu = math.ceil(seconds) + 1
    for what, wanted in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (most, most))


def _wait(pid: int, output: int, channel: int, deadline: float, kept: bytearray) -> bool:
    """Until the program ends; False: the time is over before, or nobody wants to know."""
    process = os.pidfd_open(pid)
    poll = select.poll()
    for descriptor in (process, output, channel):
        poll.register(descriptor, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        ready = dict(poll.poll(max(math.ceil(1000 * left), 0)))
        if process in ready:
            return True
        if left <= 0 or channel in ready:
            return False
        if output in ready and not _drain(output, kept):
            poll.unregister(output)


def _drain(output: int, kept: bytearray) -> bool:
    """Take what was printed, and throw away what is too much; False: there will be no more. A
    bounded piece of it, so that the time is looked at."""
    for _ in range(64):
        try:
            data = os.read(output, 65536)
        except BlockingIOError:
            return True
        if not data:
            return False
        kept += data[: MOST_OUTPUT - len(kept)]
    return True


def _clean() -> None:
    """Kill what is left, until there is nobody."""
    until = time.monotonic() + _CLEANING_SECONDS
    while time.monotonic() < until:
        for child in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)  # a killed process needs a moment; no event tells of grandchildren


def _children() -> list[int]:
    """Of this process, those of ended children included."""
    own = os.getpid()
    try:
        return [int(one) for one in Path(f"/proc/{own}/task/{own}/children").read_text().split()]
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        return [pid for pid in _all() if _parent(pid) == own]


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])
