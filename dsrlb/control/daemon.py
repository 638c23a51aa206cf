# SPDX-License-Identifier: Apache-2.0
"""`dsrlb run`: one process per instance, the only writer of its configuration maps."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from dsrlb.config import Config, dump
from dsrlb.config.source import Origin, load_with_origin, read
from dsrlb.control.balancer import Balancer
from dsrlb.control.controller import DaemonController
from dsrlb.control.state import State
from dsrlb.errors import DsrlbError, StateError
from dsrlb.net import watch
from dsrlb.paths import Paths, for_instance

_SETTLE_SECONDS = 0.05
T = TypeVar("T")


def notify(message: str) -> None:
    """Tell systemd (sd_notify protocol); nothing when not started by it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(message.encode(), address)


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


class Daemon:
    """The tasks around one Balancer."""

    def __init__(self, balancer: Balancer, paths: Paths) -> None:
        self._balancer = balancer
        self._paths = paths
        self._stop = asyncio.Event()
        self._dirty = asyncio.Event()
        self._lock = asyncio.Lock()

    async def change(self, work: Callable[[], T]) -> T:
        """Run something that touches the kernel in a thread, one at a time."""
        async with self._lock:
            return await asyncio.to_thread(work)

    def stop(self) -> None:
        """End the daemon; the data plane stays."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until stopped. The program is attached already."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("follow", self._follow()),
                ("settle", self._settle()),
                ("probe", self._probe()),
                ("announce", self._announce()),
                ("api", self._serve()),
                ("stop", self._wait()),
            )
        ]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        notify("STOPPING=1")
        self.stop()
        api = next(task for task in tasks if task.get_name() == "api")
        if api in pending:
            await asyncio.wait([api], timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _wait(self) -> None:
        await self._stop.wait()

    async def _serve(self) -> None:
        from dsrlb.api.app import create_app
        from dsrlb.api.server import serve

        controller = DaemonController(self._balancer, self._paths, self.change, self.stop)
        await serve(create_app(controller), self._paths.socket, self._ready, self._stop)

    def _ready(self) -> None:
        notify(f"READY=1\nMAINPID={os.getpid()}")

    async def _follow(self) -> None:
        """Take in what changes on the network."""
        async for change in watch.changes():
            if isinstance(change, watch.NeighbourChanged):
                known = None if change.gone else change.neighbour
                if self._balancer.macs.on_neighbour(change.ifindex, change.address, known):
                    self._dirty.set()
            elif isinstance(change, watch.LinkChanged):
                if self._balancer.concerns(change.name, change.ifindex):
                    self._balancer.links_changed = True
                    self._dirty.set()
            else:
                self._balancer.paths_changed = True
                self._dirty.set()

    async def _settle(self) -> None:
        """Bring the maps in line soon after something changed."""
        while True:
            await self._dirty.wait()
            await asyncio.sleep(_SETTLE_SECONDS)  # events come in bursts
            self._dirty.clear()
            try:
                await self.change(self._balancer.settle)
            except DsrlbError as error:
                self._balancer.events.add("interface", error.message, "error")

    async def _probe(self) -> None:
        while True:
            try:
                await self.change(self._balancer.macs.probe)
            except DsrlbError as error:
                self._balancer.events.add("mac", error.message, "warning")
            await asyncio.sleep(self._balancer.macs.interval())

    async def _announce(self) -> None:
        while True:
            due = await asyncio.to_thread(self._balancer.announcer.send_due)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._balancer.announcer.wanted.wait(), due)

    def _reload(self) -> None:
        """SIGHUP: apply the file that the configuration came from."""
        file = self._balancer.state.source() or self._paths.config_file

        async def work() -> None:
            try:
                config, origin = await asyncio.to_thread(load_with_origin, file)
                await self.change(lambda: self._balancer.accept(config, origin, f"reload {file}"))
            except DsrlbError as error:
                self._balancer.events.add("apply", f"reload: {error.message}", "error")

        self._reloading = asyncio.get_running_loop().create_task(work())


def main(instance: str, config_file: Path | None, force: bool, adopt_vip: bool) -> int:
    """Run the daemon of an instance; returns the exit code.

    Raises DsrlbError when it cannot start; nothing that runs is touched then.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    paths = for_instance(instance)
    state = State(paths)
    state.lock()
    config, origin, file = _initial(paths, state, config_file)
    balancer = Balancer.start(
        paths, state, config, origin, seconds_since_start, force=force, adopt_vip=adopt_vip
    )
    state.save_config(dump(config))
    state.remember_source(file)
    asyncio.run(Daemon(balancer, paths).run())
    goes_on = "" if balancer.detached else "; the data plane goes on"
    balancer.events.add("stop", f"daemon stopped{goes_on}")
    return 0
