# SPDX-License-Identifier: Apache-2.0
"""`dsrlb run`: from the command to an attached program, quickly."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dsrlb.config import Config, dump
from dsrlb.config.source import Origin, load_with_origin, read
from dsrlb.control.state import State
from dsrlb.control.views import Controller
from dsrlb.dataplane import bpffs
from dsrlb.dataplane.loader import Dataplane
from dsrlb.errors import StateError
from dsrlb.paths import Paths, for_instance

Serve = Callable[[Controller, Path, Callable[[], None], asyncio.Event], Awaitable[None]]
"""Serves a controller on a socket, calls back when ready, ends when the event is set."""


def seconds_since_start() -> float:
    """Seconds since this process was started (proc_pid_stat(5), field 22)."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def _initial(paths: Paths, state: State, file: Path | None) -> tuple[Config, Origin, Path | None]:
    """The configuration to start from: the named file, the saved one, or the default file."""
    if file is not None:
        config, origin = load_with_origin(file)
        return config, origin, file
    saved = state.saved_config()
    if saved is not None:
        config, origin = read(saved, str(paths.saved_config))
        return config, origin, None
    if paths.config_file.exists():
        config, origin = load_with_origin(paths.config_file)
        return config, origin, paths.config_file
    raise StateError(
        f"no configuration: {paths.saved_config} and {paths.config_file} are not there",
        hint="dsrlb run -c FILE",
    )


def _open(paths: Paths, capacity: int) -> Dataplane:
    """The data plane of the instance, taken over or made; nothing is pinned or attached yet."""
    return Dataplane.create(bpffs.instance_folder(paths.pins, bpffs.ensure()), capacity)


def main(
    instance: str,
    config_file: Path | None,
    server: Serve,
    *,
    force: bool = False,
    adopt_vip: bool = False,
) -> int:
    """Run the daemon of an instance, with ``server`` to serve its API; returns the exit code.

    Raises DsrlbError when it cannot start; nothing that runs is touched then.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    paths = for_instance(instance)
    state = State(paths)
    state.lock()
    config, origin, file = _initial(paths, state, config_file)
    # The kernel makes the maps and verifies the program while pyroute2 and the rest are imported.
    with ThreadPoolExecutor(1) as pool:
        dataplane = pool.submit(_open, paths, config.balancer.flow_capacity)
        from dsrlb.control.balancer import Balancer, Options
        from dsrlb.control.daemon import Daemon

        options = Options(force, adopt_vip, seconds_since_start)
        balancer = Balancer.start(paths, state, config, origin, dataplane.result, options)
    state.save_config(dump(config))
    state.remember_source(file)
    asyncio.run(Daemon(balancer, paths, server).run())
    goes_on = "" if balancer.detached else "; the data plane goes on"
    balancer.events.add("stop", f"daemon stopped{goes_on}")
    return 0
