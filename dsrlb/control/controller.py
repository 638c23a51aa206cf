# SPDX-License-Identifier: Apache-2.0
"""What the API asks of the daemon: rows out of the running balancer, and changes into it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from dsrlb import __version__
from dsrlb.config import Config, Real, Service, digest, dump, edit
from dsrlb.config.source import Origin, load_with_origin, read
from dsrlb.control.balancer import Balancer
from dsrlb.control.counters import FlowCounts, scan
from dsrlb.control.desired import USABLE, RealId, ServiceId
from dsrlb.control.views import (
    EventRow,
    MacRow,
    PlanView,
    RealRow,
    ServiceRow,
    StatsRow,
    StatusView,
)
from dsrlb.errors import DsrlbError
from dsrlb.paths import Paths

T = TypeVar("T")
_SCAN_SECONDS = 1.0


class Runner(Protocol):
    """Runs work that touches the kernel in a thread, one at a time."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


def _family(version: int) -> str:
    return f"ipv{version}"


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

    def _each_service(self) -> list[tuple[Service, ServiceId]]:
        return [
            (service, ServiceId(service.name, version))
            for service in self._balancer.config.service
            for version in sorted({vip.version for vip in service.vip})
        ]

    def _each_real(self, service: Service, identity: ServiceId) -> list[tuple[Real, RealId]]:
        return [
            (real, RealId(identity, address))
            for real in self._balancer.config.reals_of(service)
            for address in real.address
            if address.version == identity.family
        ]

    async def status(self) -> StatusView:
        """The balancer at a glance."""
        balancer = self._balancer
        flows = await self._flows()
        file = balancer.state.source()
        config = balancer.config
        return {
            "instance": self._paths.instance,
            "pid": os.getpid(),
            "version": __version__,
            "started": balancer.started,
            "config_hash": digest(config),
            "file": str(file) if file else None,
            "file_differs": await asyncio.to_thread(_differs, file, config),
            "interfaces": [
                {
                    "name": entry.name,
                    "state": "attached" if entry.attached else "detached",
                    "driver": entry.driver,
                    "xdp_mode": entry.xdp_mode or "",
                    "reason": entry.reason,
                }
                for entry in balancer.attachments.status.values()
            ],
            "services": len(config.service),
            "reals": len(balancer.applier.installed.reals),
            "flows": {
                _family(version): {
                    "open": counts["open"],
                    "pending": counts["pending"],
                    "capacity": counts["capacity"],
                }
                for version, counts in flows.totals.items()
            },
            "attach_seconds": round(balancer.attach_seconds, 3),
            "headers": balancer.dataplane.artifact.headers,
            "bytecode": "cached" if balancer.dataplane.artifact.cached else "compiled",
        }

    async def services(self) -> list[ServiceRow]:
        """Every service, one row per address family."""
        flows = await self._flows()
        maps = self._balancer.dataplane.maps
        traffic = await asyncio.to_thread(maps["service_traffic"].sum_over_cpus)
        installed = self._balancer.applier.installed
        rows: list[ServiceRow] = []
        for service, identity in self._each_service():
            place = installed.services[identity]
            reals = [installed.reals[real] for _, real in self._each_real(service, identity)]
            rows.append(
                {
                    "name": service.name,
                    "vip": [str(ip) for ip in service.vip if ip.version == identity.family],
                    "protocol": service.protocol,
                    "port": [ports.plain for ports in service.port],
                    "mode": service.mode,
                    "algorithm": service.algorithm,
                    "family": _family(identity.family),
                    "reals_up": sum(bool(real.content.flags & USABLE) for real in reals),
                    "reals": len(reals),
                    "open": int(sum(flows.open[real.index] for real in reals)),
                    "pending": int(sum(flows.pending[real.index] for real in reals)),
                    "packets": int(traffic["packets"][place.id]),
                    "bytes": int(traffic["bytes"][place.id]),
                    "new": int(traffic["flows"][place.id]),
                }
            )
        return rows

    async def reals(self, service: str | None) -> list[RealRow]:
        """The reals of one service or of all; none when there is no such service."""
        flows = await self._flows()
        maps = self._balancer.dataplane.maps
        traffic = await asyncio.to_thread(maps["real_traffic"].sum_over_cpus)
        found = self._balancer.macs.resolutions()
        rows: list[RealRow] = []
        for entry, identity in self._each_service():
            if service is not None and entry.name != service:
                continue
            for real, key in self._each_real(entry, identity):
                index = self._balancer.applier.installed.reals[key].index
                where = found[key]
                rows.append(
                    {
                        "service": entry.name,
                        "address": str(key.address),
                        "port": None,
                        "weight": real.weight,
                        "state": "up" if where.fresh else "unresolved",
                        "reason": where.reason or ("" if real.weight else "weight 0"),
                        "since": self._balancer.macs.since(key),
                        "open": int(flows.open[index]),
                        "pending": int(flows.pending[index]),
                        "packets": int(traffic["packets"][index]),
                        "bytes": int(traffic["bytes"][index]),
                        "new": int(traffic["flows"][index]),
                        "mac": where.mac,
                        "interface": where.link.name if where.link else None,
                    }
                )
        return rows

    async def macs(self) -> list[MacRow]:
        """The MAC table."""
        return [
            {
                "address": str(target.address),
                "mac": where.mac,
                "interface": where.link.name if where.link else None,
                "vlan": None,
                "mtu": where.link.mtu if where.link else None,
                "state": "resolved" if where.fresh else "unresolved",
                "source": where.source,
                "reason": where.reason,
                "since": since,
            }
            for target, where, since in self._balancer.macs.rows()
        ]

    async def stats(self) -> list[StatsRow]:
        """Packets by interface and reason."""
        balancer = self._balancer
        counters = await asyncio.to_thread(balancer.attachments.counters)
        reasons = [reason.name for reason in balancer.dataplane.artifact.reasons]
        return [
            {
                "interface": entry.name,
                "ifindex": entry.ifindex,
                "driver": entry.driver,
                "xdp_mode": entry.xdp_mode or "",
                "attached": entry.attached,
                "reasons": _named(reasons, counters[entry.number]),
            }
            for entry in balancer.attachments.status.values()
        ]

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
            self._balancer.state.remember_source(Path(filename))
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
        self._balancer.announcer.wanted.set()
        return changes

    async def detach(self) -> list[str]:
        """Take everything off the host and stop; returns what was done, line by line."""
        done = await self._run(self._balancer.detach)
        self._stop()
        return done


def _named(reasons: list[str], counters: npt.NDArray[np.uint64]) -> dict[str, int]:
    return {name: int(counters[number]) for number, name in enumerate(reasons)}


def _differs(file: Path | None, config: Config) -> bool:
    """Does the file say something else than what runs? An unreadable one does."""
    if file is None:
        return False
    try:
        return digest(load_with_origin(file)[0]) != digest(config)
    except DsrlbError:
        return True
