# SPDX-License-Identifier: Apache-2.0
"""The daemon's tasks: one process per instance, the only writer of its configuration maps."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from dsrlb.config.source import load_with_origin
from dsrlb.control.balancer import Balancer
from dsrlb.control.controller import DaemonController
from dsrlb.control.views import Serve
from dsrlb.errors import DsrlbError
from dsrlb.net import watch
from dsrlb.paths import Paths

_SETTLE_SECONDS = 0.05
_RETRY_SECONDS = 5.0
_STOP_SECONDS = 7.0  # the API gives requests in flight 5 s
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


async def _to_its_end(work: Callable[[], T]) -> T:
    """Run work in a thread. Who is cancelled meanwhile waits: the thread cannot be stopped, and
    nobody else may begin before it has ended."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Daemon:
    """The tasks around one Balancer."""

    def __init__(self, balancer: Balancer, paths: Paths, server: Serve) -> None:
        self._balancer = balancer
        self._paths = paths
        self._server = server
        self._stop = asyncio.Event()
        self._dirty = asyncio.Event()
        self._lock = asyncio.Lock()
        self._retry: asyncio.TimerHandle | None = None
        self._refusals: dict[str, str] = {}
        self._reloads: set[asyncio.Task[None]] = set()

    async def change(self, work: Callable[[], T]) -> T:
        """Run something that touches the balancer in a thread, one at a time."""
        try:
            async with self._lock:
                return await _to_its_end(work)
        finally:
            self._balancer.announcer.wanted.set()  # from here: an Event is not for threads
            if self._balancer.links_changed:
                self._dirty.set()

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
            await asyncio.wait([api], timeout=_STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _wait(self) -> None:
        await self._stop.wait()

    async def _serve(self) -> None:
        controller = DaemonController(self._balancer, self._paths, self.change, self.stop)
        await self._server(controller, self._paths.socket, self._ready, self._stop)

    def _ready(self) -> None:
        notify(f"READY=1\nMAINPID={os.getpid()}")

    async def _follow(self) -> None:
        """Take in what changes on the network."""
        async for change in watch.changes():
            if isinstance(change, watch.NeighbourChanged):
                known = None if change.gone else change.neighbour
                async with self._lock:
                    moved = self._balancer.macs.on_neighbour(change.ifindex, change.address, known)
                if moved:
                    self._dirty.set()
            elif isinstance(change, watch.PathsChanged):
                self._balancer.paths_changed = True
                self._dirty.set()
            elif isinstance(change, watch.Lost) or self._balancer.concerns(
                change.name, change.ifindex
            ):
                self._look_again()

    def _look_again(self) -> None:
        """Have interfaces, routes and neighbours read anew."""
        self._balancer.links_changed = True
        self._dirty.set()

    async def _settle(self) -> None:
        """Bring the maps in line soon after something changed."""
        while True:
            await self._dirty.wait()
            await asyncio.sleep(_SETTLE_SECONDS)  # events come in bursts
            self._dirty.clear()
            settled = await self._try("interface", self._balancer.settle)
            if self._retry is not None:
                self._retry.cancel()
                self._retry = None
            if not settled or self._balancer.attachments.refused:
                loop = asyncio.get_running_loop()
                self._retry = loop.call_later(_RETRY_SECONDS, self._look_again)

    async def _try(self, kind: str, work: Callable[[], object]) -> bool:
        """Run recurring work. What the kernel refuses (an interface goes meanwhile) is an event,
        once, and False; the next round tries again."""
        message = ""
        try:
            await self.change(work)
        except DsrlbError as error:
            message = error.message
        except OSError as error:
            message = f"{type(error).__name__}: {error}"
        if message and message != self._refusals.get(kind):
            self._balancer.events.add(kind, message, "error")
        self._refusals[kind] = message
        return not message

    async def _probe(self) -> None:
        while True:
            await self._try("mac", self._balancer.macs.probe)
            await asyncio.sleep(self._balancer.macs.interval())

    async def _announce(self) -> None:
        while True:
            self._balancer.announcer.wanted.clear()
            async with self._lock:
                due = await _to_its_end(self._balancer.announcer.send_due)
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

        task = asyncio.get_running_loop().create_task(work())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
