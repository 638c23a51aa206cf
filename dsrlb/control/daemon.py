# SPDX-License-Identifier: Apache-2.0
"""The daemon's tasks: one process per instance, the only writer of its configuration maps."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from dsrlb.config.secrets import told
from dsrlb.control import pulse
from dsrlb.control.asking import Serve
from dsrlb.control.balancer import Balancer
from dsrlb.control.collecting import uncollected
from dsrlb.control.controller import DaemonController
from dsrlb.control.health.checker import Checker
from dsrlb.control.macs.fdbkeeper import FdbKeeper
from dsrlb.control.maps import drift
from dsrlb.control.maps.silence import show
from dsrlb.control.reloading import apply_file
from dsrlb.control.revisions.confirmer import Confirmer
from dsrlb.control.revisions.rollback import revert_expired
from dsrlb.control.socketaccess import open_to_group
from dsrlb.control.systemd import keep_alive, notify
from dsrlb.control.threads import to_its_end
from dsrlb.errors import DsrlbError
from dsrlb.net import watch
from dsrlb.paths import Paths

_SWITCH_SECONDS = 0.001  # that a thread at work keeps the event loop waiting at a time
_SETTLE_SECONDS = 0.05
_SOON_SECONDS = 0.002
_RETRY_SECONDS = 5.0
_HURRY_SECONDS = 0.05
_REMEMBER_SECONDS = 2.0
_STOP_SECONDS = 7.0  # the API gives requests in flight 5 s
T = TypeVar("T")


class Daemon:
    """The tasks around one Balancer."""

    def __init__(
        self, balancer: Balancer, paths: Paths, server: Serve, fail_open: int | None = None
    ) -> None:
        """``fail_open``: in place of the configuration's, where it is given."""
        self._balancer = balancer
        self._fail_open = fail_open
        self._paths = paths
        self._server = server
        self._stop = asyncio.Event()
        self._dirty = asyncio.Event()
        self._removed = asyncio.Event()
        self._ramping = asyncio.Event()
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._since: float | None = None  # a piece of work that touches the kernel goes on
        self._retry: asyncio.TimerHandle | None = None
        self._refusals: dict[str, str] = {}
        self._reloads: set[asyncio.Task[None]] = set()
        self._served = False
        self._checker = Checker(
            balancer.events,
            balancer.conditions,
            lambda: balancer.probes.checks,
            self._dirty.set,
        )
        self._confirmer = Confirmer(lambda: balancer.log.waiting, self._revert)

    async def change(self, work: Callable[[], T]) -> T:
        """Run something that touches the balancer in a thread, one at a time, and have everybody
        look who goes by what that may have changed."""
        try:
            return await self._alone(work)
        finally:
            self._balancer.announcer.wanted.set()  # from here: an Event is not for threads
            self._checker.look()
            self._ramping.set()
            self._changed.set()
            self._confirmer.look()
            if self._balancer.links_changed:
                self._dirty.set()
            if self._balancer.keeper.hurried:
                self._removed.set()

    async def _alone(self, work: Callable[[], T]) -> T:
        """Run something in a thread while nothing else touches the balancer."""
        async with self._lock:
            self._since = time.monotonic()
            try:
                with uncollected():
                    return await to_its_end(work)
            finally:
                self._since = None

    def stop(self) -> None:
        """End the daemon; the data plane stays."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until stopped. The program is attached already."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))  # one may have come before
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("follow", self._follow()),
                ("settle", self._settle()),
                ("probe", self._probe()),
                ("announce", self._announce()),
                ("flows", self._keep_flows()),
                ("bridges", self._keep_bridges()),
                ("drift", self._verify()),
                ("checks", self._checker.run()),
                ("pulse", pulse.watch()),
                ("ramps", self._ramp()),
                ("memory", self._remember()),
                ("alive", keep_alive(self._busy_seconds)),
                ("heard", self._show()),
                ("confirm", self._confirmer.run()),
                ("record", self._record()),
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
        await self._remember_now()
        for task in done:
            task.result()

    async def _show(self) -> None:
        """Tell the fast path that somebody is there."""
        maps = self._balancer.dataplane.maps
        await show(maps, self._silence, self._busy_seconds, self._changed)

    def _silence(self) -> tuple[int, bool]:
        """After how many seconds without a daemon new flows are not served, and are dropped."""
        config = self._balancer.config.balancer
        seconds = config.fail_open if self._fail_open is None else self._fail_open
        return seconds, config.fail_open_new == "drop"

    def _busy_seconds(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since

    async def _wait(self) -> None:
        await self._stop.wait()

    async def _serve(self) -> None:
        controller = DaemonController(self._balancer, self._paths, self.change, self.stop)
        await self._server(controller, self._paths.socket, self._ready, self._stop)

    def _ready(self) -> None:
        """Also when the socket was made anew."""
        balancer, socket = self._balancer, self._paths.socket
        open_to_group(socket, balancer.config.balancer, balancer.events)
        if self._served:
            balancer.events.add("api", f"{socket} was not there any more: made anew", "warning")
        self._served = True
        notify(f"READY=1\nMAINPID={os.getpid()}")

    async def _follow(self) -> None:
        """Take in what changes on the network."""
        async for change in watch.changes():
            if isinstance(change, watch.NeighbourChanged | watch.StationChanged):
                await self._take_in(change)
            elif isinstance(change, watch.PathsChanged):
                self._balancer.paths_changed = True
                self._dirty.set()
            elif isinstance(change, watch.Lost) or self._balancer.concerns(
                change.name, change.ifindex
            ):
                self._look_again()
            elif not change.name:  # addresses of another interface
                self._balancer.addresses_changed = True
                self._dirty.set()

    async def _take_in(self, change: watch.NeighbourChanged | watch.StationChanged) -> None:
        """Somebody is somewhere else, or not there: see whether that moves a real server."""
        macs = self._balancer.macs
        if isinstance(change, watch.StationChanged):
            if not self._balancer.config.bridge:  # there may be many, of bridges that are not ours
                return
            async with self._lock:
                moved = macs.on_station(change.station, gone=change.gone)
        else:
            known = None if change.gone else change.neighbour
            async with self._lock:
                moved = macs.on_neighbour(change.ifindex, change.address, known)
        if moved:
            self._dirty.set()

    def _look_again(self) -> None:
        """Have interfaces, routes and neighbours read anew."""
        self._balancer.links_changed = True
        self._dirty.set()

    async def _settle(self) -> None:
        """Bring the maps in line soon after something changed."""
        while True:
            await self._dirty.wait()
            await asyncio.sleep(self._settle_seconds())
            self._dirty.clear()
            settled = await self._try("interface", lambda: self.change(self._balancer.settle))
            if self._retry is not None:
                self._retry.cancel()
                self._retry = None
            waiting = self._balancer.attachments.refused or self._balancer.probes.failed
            if not settled or waiting:
                loop = asyncio.get_running_loop()
                self._retry = loop.call_later(_RETRY_SECONDS, self._look_again)

    def _settle_seconds(self) -> float:
        """How long to wait for more of the kind: netlink's events come in bursts, and are dear to
        follow; who is up or down should be so at once."""
        balancer = self._balancer
        network = balancer.links_changed or balancer.paths_changed or balancer.addresses_changed
        return _SETTLE_SECONDS if network else _SOON_SECONDS

    async def _try(self, kind: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Run recurring work. What the kernel refuses (an interface goes meanwhile) is an event,
        once, and False; the next round tries again."""
        message = ""
        try:
            await work()
        except DsrlbError as error:
            message = told(error)
        except OSError as error:
            message = f"{type(error).__name__}: {error}"
        if message and message != self._refusals.get(kind):
            self._balancer.events.add(kind, message, "error")
        self._refusals[kind] = message
        return not message

    async def _probe(self) -> None:
        """Ask neighbours on the wire. What that shows comes from the kernel (_follow())."""
        while True:
            await self._try("mac", lambda: self._alone(self._balancer.macs.probe))
            await asyncio.sleep(self._balancer.macs.interval())

    async def _keep_flows(self) -> None:
        """Scan the flow tables now and then, beside changes; soon after one that removed reals."""
        keeper = self._balancer.keeper
        while True:
            self._removed.clear()
            await self._try("flows", lambda: to_its_end(keeper.look))
            if keeper.hurried:
                await asyncio.sleep(_HURRY_SECONDS)
                continue
            with suppress(TimeoutError):
                interval = self._balancer.config.balancer.scan_interval
                await asyncio.wait_for(self._removed.wait(), interval)

    async def _verify(self) -> None:
        """See at the start, then now and then, whether the maps are as they were written."""
        while True:
            await self._try("drift", self._look_for_drift)
            await asyncio.sleep(drift.SECONDS)

    async def _look_for_drift(self) -> None:
        """A change waits for one part of it at most, unless there is something to put right."""
        look, wrong = drift.Look(self._balancer), False
        while not wrong:
            await asyncio.sleep(drift.PAUSE_SECONDS)
            async with self._lock:
                with uncollected():
                    found = await to_its_end(look.part)
            if found is None:
                return
            wrong = found
        await self.change(partial(drift.put_right, self._balancer))

    async def _keep_bridges(self) -> None:
        """Have bridges remember who is behind which port, beside changes."""
        balancer = self._balancer
        fdb = FdbKeeper(balancer.macs.stations, balancer.keeper.last_hops)
        while True:
            work = partial(fdb.round, balancer.config.bridge, dict(balancer.attachments.links))
            await self._try("bridge", partial(to_its_end, work))
            await asyncio.sleep(fdb.interval)

    async def _ramp(self) -> None:
        """Give those who start slowly their next part."""
        while True:
            self._ramping.clear()
            step = self._balancer.conditions.ramps.next_step()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ramping.wait(), step)
                continue  # somebody may have come
            self._dirty.set()
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _remember(self) -> None:
        """Keep who is down for the next daemon, beside changes: a disk may take its time."""
        while True:
            await asyncio.sleep(_REMEMBER_SECONDS)
            await self._remember_now()

    async def _remember_now(self) -> None:
        conditions = self._balancer.conditions
        if conditions.unsaved and not self._balancer.detached:
            await self._try("health", lambda: to_its_end(conditions.remember))

    async def _revert(self) -> bool:
        """Take back what nobody confirmed in time; False when that is refused."""
        work = partial(revert_expired, self._balancer)
        done = await self._try("confirm", lambda: self.change(work))
        return done and not self._balancer.detached

    async def _record(self) -> None:
        """Write what could not be recorded yet, and keep room for the way back."""
        log = self._balancer.log
        while True:
            if log.behind:
                await self._alone(log.catch_up)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _announce(self) -> None:
        while True:
            self._balancer.announcer.wanted.clear()
            async with self._lock:
                due = await to_its_end(self._balancer.announcer.send_due)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._balancer.announcer.wanted.wait(), due)

    def _reload(self) -> None:
        """SIGHUP: apply the file that the configuration came from."""
        file = self._balancer.state.source() or self._paths.config_file
        task = asyncio.get_running_loop().create_task(apply_file(file, self._balancer, self.change))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
