# SPDX-License-Identifier: Apache-2.0
"""`dsrlb run`: from the command to an attached program, quickly.

Two things take their time: Python's imports, and the kernel (or the compiler), which works without
Python's lock. So one goes on beside the other, and what is not needed to attach comes later.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsrlb.control.collecting import uncollected
from dsrlb.control.offline import pinned
from dsrlb.control.revisions.authors import own
from dsrlb.control.revisions.beginning import Attempt, attempts, no_start
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.socketplace import look
from dsrlb.control.state import State
from dsrlb.dataplane import bpffs
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import DsrlbError, NewerVersion, StateError
from dsrlb.observe import logs
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths, for_instance

if TYPE_CHECKING:
    from dsrlb.control.asking import Serve
    from dsrlb.control.balancer import Balancer

_DEFAULT_CAPACITY = 1_000_000
_MOST_READ = 16 << 20  # characters: a file may have no more bytes


def seconds_since_start() -> float:
    """Seconds since this process was started (proc_pid_stat(5), field 22)."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def _capacity(attempt: Attempt) -> int:
    """balancer.flow_capacity, found without the models: they take 80 ms to import, in which the
    kernel can make the maps. Where the file is wrong a guess; reading it in earnest tells."""
    path, text = attempt.file, attempt.text
    try:
        if path is not None:
            if not path.is_file():  # a pipe can be read once
                return _DEFAULT_CAPACITY
            with path.open() as file:
                text = file.read(_MOST_READ)
        found = _balancer(text)["flow_capacity"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return _DEFAULT_CAPACITY
    usable = type(found) is int and 1_000 <= found <= 16_000_000
    return found if usable else _DEFAULT_CAPACITY


def _balancer(text: str) -> dict[str, Any]:
    """The table [balancer], which stands before the lists of tables mostly: those may be long."""
    head = text.partition("\n[[")[0]
    try:
        found: dict[str, Any] = tomllib.loads(head)["balancer"]
    except (ValueError, LookupError, RecursionError):  # elsewhere, or in the middle of a value
        found = tomllib.loads(text)["balancer"]
    return found


def _open(paths: Paths, capacity: int) -> Dataplane:
    """The data plane of the instance, taken over or made; nothing is pinned or attached yet."""
    folder = bpffs.instance_folder(paths.pins, bpffs.ensure())
    try:
        dataplane = Dataplane.create(folder, capacity, wait=False, record=paths.programs)
    except NewerVersion:
        from dsrlb.control import abandoned

        if not abandoned.forget(folder):
            raise
        dataplane = Dataplane.create(folder, capacity, wait=False, record=paths.programs)
    dataplane.begin()
    return dataplane


@contextmanager
def _opening(paths: Paths, guess: int) -> Iterator[Callable[[int], Dataplane]]:
    """Have the data plane opened in a thread. The block may take it, waiting for it, and has to
    close it then; else it is closed behind the block. It is opened anew for another capacity than
    was guessed."""
    taken = False
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(_open, paths, guess)

        def take(capacity: int) -> Dataplane:
            nonlocal taken
            taken = True
            opened = work.result()
            if capacity == guess:
                return opened
            opened.close()
            return _open(paths, capacity)

        try:
            yield take
        finally:
            if not taken and work.exception() is None:
                work.result().close()


def begin(
    paths: Paths,
    state: State,
    log: RevisionLog,
    tries: Sequence[Attempt],
    attached: Callable[[], float],
    *,
    force: bool = False,
) -> tuple[Balancer, Attempt]:
    """Start with the first configuration that is not refused; says so of those that are.

    Raises the DsrlbError of the last one.
    """
    refused: list[tuple[Attempt, DsrlbError]] = []
    for attempt in tries:
        try:
            balancer = _start(paths, state, log, attempt, attached, force=force)
        except DsrlbError as error:
            refused.append((attempt, error))
            continue
        for other, reason in refused:
            log.failed(other.change.revision, reason)
            _tell_refused(log.events, other, reason, attempt)
        if attempt.tells:
            log.events.add("start", attempt.tells, "warning")
        return balancer, attempt
    raise no_start(log, paths, *refused[-1], pinned(paths))


def _start(
    paths: Paths,
    state: State,
    log: RevisionLog,
    attempt: Attempt,
    attached: Callable[[], float],
    *,
    force: bool,
) -> Balancer:
    with _opening(paths, _capacity(attempt)) as opened:
        from dsrlb.config.source import load_with_origin, read
        from dsrlb.control import balancer as balancers
        from dsrlb.control.options import Options

        if attempt.file is not None:
            named = attempt.file not in (paths.saved_config, paths.config_file)  # by `run -c`
            config, origin = load_with_origin(attempt.file, pipes=named)
        else:
            config, origin = read(attempt.text, attempt.name)
        options = Options(attempt.change, log, force, attached, attempt.text)
        return balancers.Balancer.start(paths, state, config, origin, opened, options)


def _tell_refused(events: EventLog, refused: Attempt, reason: DsrlbError, taken: Attempt) -> None:
    """Say why it was started with another configuration."""
    from dsrlb.config.secrets import told

    message = f"{refused.name} was refused, started with {taken.name}: {told(reason)}"
    events.add("start", message, "error")


def _tell_origin(balancer: Balancer, name: str, source: Path | None) -> None:
    """Say which configuration runs, and when the file that it came from says something else."""
    from dsrlb.config import digest

    message, level = f"configuration {digest(balancer.config)} from {name}", "info"
    if balancer.source_file.differs(source, balancer.config):
        message += f"; {source} differs: `dsrlb apply {source}` makes it the running one"
        level = "warning"
    balancer.events.add("start", message, level)


def _signals() -> None:
    """SIGINT ends a start at once, as SIGTERM does: Python's own way may raise KeyboardInterrupt
    where nobody hears of it, in the middle of an import. SIGHUP waits for the daemon."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP,))


def _remember(state: State, source: Path, events: EventLog) -> None:
    """The file that was named. What runs goes on also where that cannot be written."""
    try:
        state.remember_source(source)
    except StateError as error:
        events.add("start", error.message, "warning")


def main(
    instance: str,
    config_file: Path | None,
    find_server: Callable[[], Serve],
    *,
    force: bool = False,
    adopt_vip: bool = False,
    fail_open: int | None = None,
) -> int:
    """Run the daemon of an instance; returns the exit code.

    ``fail_open``: what holds in place of balancer.fail_open, where something does.
    ``find_server`` returns what serves the API; it is called from a thread, and may take its time.
    Raises DsrlbError when the daemon cannot start; nothing that runs is touched then.
    """
    logs.to_stream(sys.stderr)
    paths = for_instance(instance)
    events = EventLog()
    state = State(paths, events)
    state.lock()
    look(paths.socket)
    _signals()
    log = RevisionLog(paths, state, events)
    tries = attempts(log, paths, config_file, own(), pinned(paths), adopt_vip)
    # What is imported stays: to look through it takes a tenth of the start, and most of the end.
    with uncollected(), ThreadPoolExecutor(1) as later:
        finding: list[Future[Serve]] = []

        def attached() -> float:
            finding.append(later.submit(find_server))
            return seconds_since_start()

        balancer, attempt = begin(paths, state, log, tries, attached, force=force)
        import asyncio

        from dsrlb.control.capabilities import give_up
        from dsrlb.control.daemon import Daemon

        if attempt.file not in (None, paths.saved_config):
            _remember(state, attempt.file, balancer.events)
        _tell_origin(balancer, attempt.name, state.source())
        log.told()
        server = finding[-1].result()
    give_up(balancer.events)
    with logs.written_aside():
        asyncio.run(Daemon(balancer, paths, server, fail_open).run())
    goes_on = "" if balancer.detached else "; the data plane goes on"
    balancer.events.add("stop", f"daemon stopped{goes_on}")
    log.close()
    return 0
