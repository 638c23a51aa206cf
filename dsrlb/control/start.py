# SPDX-License-Identifier: Apache-2.0
"""`dsrlb run`: from the command to an attached program, quickly.

Two things take their time: Python's imports, and the kernel (or the compiler), which works without
Python's lock. So one goes on beside the other, and what is not needed to attach comes later.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dsrlb.control.state import State
from dsrlb.dataplane import bpffs
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import StateError
from dsrlb.paths import Paths, for_instance

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer
    from dsrlb.control.views import Serve

_DEFAULT_CAPACITY = 1_000_000


def seconds_since_start() -> float:
    """Seconds since this process was started (proc_pid_stat(5), field 22)."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def _initial(paths: Paths, file: Path | None) -> Path:
    """The named file, the saved configuration, or the default file."""
    if file is not None:
        return file
    for path in (paths.saved_config, paths.config_file):
        if path.exists():
            return path
    raise StateError(
        f"no configuration: {paths.saved_config} and {paths.config_file} are not there",
        hint="dsrlb run -c FILE",
    )


def _capacity(path: Path) -> int:
    """balancer.flow_capacity, found without the models: they take 80 ms to import, in which the
    kernel can make the maps. Where the file is wrong a guess; reading it in earnest tells."""
    if not path.is_file():  # a pipe can be read once
        return _DEFAULT_CAPACITY
    try:
        found = tomllib.loads(path.read_text())["balancer"]["flow_capacity"]
    except (OSError, ValueError, LookupError, TypeError):
        return _DEFAULT_CAPACITY
    usable = type(found) is int and 1_000 <= found <= 16_000_000
    return found if usable else _DEFAULT_CAPACITY


def _open(paths: Paths, capacity: int) -> Dataplane:
    """The data plane of the instance, taken over or made; nothing is pinned or attached yet."""
    folder = bpffs.instance_folder(paths.pins, bpffs.ensure())
    dataplane = Dataplane.create(folder, capacity, wait=False)
    dataplane.begin()
    return dataplane


@contextmanager
def _opening(paths: Paths, capacity: int) -> Iterator[Callable[[], Dataplane]]:
    """Have the data plane opened in a thread. The block may take it, waiting for it, and has to
    close it then; else it is closed behind the block."""
    taken = False
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(_open, paths, capacity)

        def take() -> Dataplane:
            nonlocal taken
            taken = True
            return work.result()

        try:
            yield take
        finally:
            if not taken and work.exception() is None:
                work.result().close()


def _tell_origin(balancer: Balancer, file: Path, source: Path | None) -> None:
    """Say which configuration runs, and when the file that it came from says something else."""
    from dsrlb.config import digest
    from dsrlb.control.rows import differs

    message, level = f"configuration {digest(balancer.config)} from {file}", "info"
    if source is not None and differs(source, balancer.config):
        message += f"; {source} differs: `dsrlb apply {source}` makes it the running one"
        level = "warning"
    balancer.events.add("start", message, level)


def main(
    instance: str,
    config_file: Path | None,
    find_server: Callable[[], Serve],
    *,
    force: bool = False,
    adopt_vip: bool = False,
) -> int:
    """Run the daemon of an instance; returns the exit code.

    ``find_server`` returns what serves the API; it is called from a thread, and may take its time.
    Raises DsrlbError when the daemon cannot start; nothing that runs is touched then.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    paths = for_instance(instance)
    state = State(paths)
    state.lock()
    file = _initial(paths, config_file)
    with ThreadPoolExecutor(1) as later, _opening(paths, _capacity(file)) as opened:
        from dsrlb.config.source import load_with_origin
        from dsrlb.control import balancer as balancers

        config, origin = load_with_origin(file)
        finding = []

        def attached() -> float:
            finding.append(later.submit(find_server))
            return seconds_since_start()

        options = balancers.Options(force, adopt_vip, attached)
        balancer = balancers.Balancer.start(paths, state, config, origin, opened, options)
        import asyncio

        from dsrlb.control.daemon import Daemon

        if file != paths.saved_config:
            state.remember_source(file)
        _tell_origin(balancer, file, state.source())
        server = finding[0].result()
    asyncio.run(Daemon(balancer, paths, server).run())
    goes_on = "" if balancer.detached else "; the data plane goes on"
    balancer.events.add("stop", f"daemon stopped{goes_on}")
    return 0
