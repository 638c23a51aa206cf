# SPDX-License-Identifier: Apache-2.0
"""What the API asks of the daemon: rows out of the running balancer, and changes into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dsrlb.config import dump, edit
from dsrlb.config.source import Origin, read
from dsrlb.control import rows
from dsrlb.control.balancer import Balancer
from dsrlb.control.counters import FlowCounts, scan
from dsrlb.control.views import (
    EventRow,
    MacRow,
    PlanView,
    RealRow,
    ServiceRow,
    StatsRow,
    StatusView,
)
from dsrlb.errors import StateError
from dsrlb.paths import Paths

T = TypeVar("T")
_SCAN_SECONDS = 1.0


class Runner(Protocol):
    """Runs work that touches the kernel in a thread, one at a time."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class DaemonController:
    """Implements dsrlb.control.views.Controller."""

    def __init__(
        self, balancer: Balancer, paths: Paths, run: Runner, stop: Callable[[], None]
    ) -> None:
        self._balancer = balancer
        self._paths = paths
        self._run = run
        self._stop = stop
        self._counts: FlowCounts | None = None
        self._counted = 0.0

    async def _flows(self) -> FlowCounts:
        """Flow counts, at most a second old."""
        if self._counts is None or time.monotonic() - self._counted > _SCAN_SECONDS:
            maps = self._balancer.dataplane.maps
            self._counts = await asyncio.to_thread(scan, maps)
            self._counted = time.monotonic()
        return self._counts

    async def status(self) -> StatusView:
        """The balancer at a glance."""
        return await self._with_flows(rows.status)

    async def services(self) -> list[ServiceRow]:
        """Every service, one row per address family."""
        return await self._with_flows(rows.services)

    async def reals(self, service: str | None) -> list[RealRow]:
        """The reals of one service or of all; none when there is no such service."""
        return await self._with_flows(lambda of, flows: rows.reals(of, flows, service))

    async def macs(self) -> list[MacRow]:
        """The MAC table."""
        return await self._run(lambda: rows.macs(self._balancer))

    async def stats(self) -> list[StatsRow]:
        """Packets by interface and reason."""
        return await self._run(lambda: rows.stats(self._balancer))

    async def _with_flows(self, show: Callable[[Balancer, FlowCounts], T]) -> T:
        """Flows are counted beside changes, the rest between them: a view shows no half of one."""
        flows = await self._flows()
        return await self._run(lambda: show(self._balancer, flows))

    def events(self, since: int) -> list[EventRow]:
        """Events with an id greater than ``since``, oldest first."""
        return [
            {
                "id": event.id,
                "time": event.time,
                "level": event.level,
                "kind": event.kind,
                "message": event.message,
            }
            for event in self._balancer.events.since(since)
        ]

    def config_toml(self) -> str:
        """The running configuration as loadable TOML."""
        return dump(self._balancer.config)

    async def plan(self, toml: str, filename: str) -> PlanView:
        """What applying this text would change; nothing is changed."""
        config, origin = await asyncio.to_thread(read, toml, filename)
        return await self._run(lambda: self._balancer.plan(config, origin))

    async def apply(self, toml: str, filename: str, adopt_vip: bool, who: str) -> PlanView:
        """Make this text the running configuration."""
        config, origin = await asyncio.to_thread(read, toml, filename)

        def work() -> PlanView:
            changes = self._balancer.accept(config, origin, who, adopt_vip)
            if not filename.startswith("<"):  # "<stdin>" and the like cannot be read again
                try:
                    self._balancer.state.remember_source(Path(filename))
                except StateError as error:  # the change is in force all the same
                    self._balancer.events.add("apply", error.message, "warning")
            return changes

        return await self._changed(work)

    async def edit(self, change: Mapping[str, Any], who: str) -> PlanView:
        """Apply one change as dsrlb.config.edit() describes it."""

        def work() -> PlanView:
            config = edit(self._balancer.config, change)
            return self._balancer.accept(config, Origin("<command>"), who)

        return await self._changed(work)

    async def _changed(self, work: Callable[[], PlanView]) -> PlanView:
        changes = await self._run(work)
        self._counts = None
        return changes

    async def detach(self) -> list[str]:
        """Take everything off the host and stop; returns what was done, line by line."""
        done = await self._run(self._balancer.detach)
        self._stop()
        return done
