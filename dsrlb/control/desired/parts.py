# SPDX-License-Identifier: Apache-2.0
"""What the maps should hold of one service in one address family. Pure, as compute.py.

A part is a function of its service, of its real servers, of the interfaces, and of where those are
and how they do: as long as none of these changes neither does it (incremental.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dsrlb.config import Config, Real, Service
from dsrlb.control.desired.contents import (
    AWAY,
    LEAVE,
    RESET,
    RESOLVED,
    USABLE,
    DesiredPath,
    DesiredReal,
    DesiredService,
    DesiredVip,
    LinkState,
    PortKey,
    RealId,
    Resolution,
    ServiceId,
)
from dsrlb.control.desired.ports import ANY_BLOCK, blocks
from dsrlb.control.desired.real import Reals, opener_of, path_of
from dsrlb.control.desired.service import PROTOCOLS, service_of
from dsrlb.control.health.condition import WELL, WHOLE, Condition
from dsrlb.control.maps.tableplace import entries_wanted
from dsrlb.dataplane.keys import IPAddress
from dsrlb.dataplane.methods import methods

NOWHERE = Resolution(None, None, False)
"""Of a real server that nothing is known of."""

BY_WEIGHT = {
    "round-robin": "weighted-round-robin",
    "least-connection": "weighted-least-connection",
}
"""What an algorithm is that knows no weights while somebody has not its whole share yet."""


@dataclass(slots=True)
class Ways:
    """What a service has in common with others: they may have the same VIPs and real servers.

    ``keys``: and whether each is of a single port; ``vips``: also the addresses of its pool;
    ``natted``: real servers that answer clients by way of the balancer, and what stands in reals[]
    for the connections that one opens (None: it does not by this service).
    """

    keys: dict[PortKey, bool] = field(default_factory=dict)
    vips: dict[IPAddress, DesiredVip] = field(default_factory=dict)
    paths: dict[IPAddress, DesiredPath] = field(default_factory=dict)
    natted: dict[IPAddress, DesiredReal | None] = field(default_factory=dict)
    answering: frozenset[IPAddress] = frozenset()
    group: str | None = None
    replies: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One service in one address family. Two parts that are one object are equal. ``all_down``:
    what becomes of new flows because no real server is up: "drop", "pass", "sorry", "all-up"; ""
    where one is."""

    identity: ServiceId
    content: DesiredService
    reals: Mapping[RealId, DesiredReal]
    ways: Ways
    all_down: str = ""


def parts_of(
    config: Config,
    service: Service,
    links: Mapping[str, LinkState],
    found: Mapping[RealId, Resolution],
    condition_of: Callable[[RealId], Condition],
) -> Iterator[Part]:
    """Of every address family that the service has VIPs of."""
    for family in families_of(service):
        identity = ServiceId(service.name, family)
        members = _Members(config, service, identity)
        members.add(found, condition_of)
        usable, by = members.scheduled()
        entries = entries_wanted(service, members.weights)
        mask = _mask(service.interfaces or links, links)
        content = service_of(service, family, mask, usable, entries, by)
        ways = members.ways
        _add_vips(ways, service, family, mask)
        for address in service.pool_for(family):
            # Where clients come in says nothing of where replies do.
            ways.vips.setdefault(address, DesiredVip()).links = _mask(links, links)
        yield Part(identity, content, members.reals, ways, members.all_down)


def families_of(service: Service) -> list[int]:
    """The address families that a service has VIPs of."""
    return sorted({vip.version for vip in service.vip})


def _mask(names: Iterable[str], links: Mapping[str, LinkState]) -> int:
    """A bit for each that is attached."""
    return sum(1 << links[name].number for name in set(names) if name in links)


def keys_of(service: Service, family: int) -> dict[PortKey, bool]:
    """The ports of its VIPs, and whether each is a single one."""
    protocol = PROTOCOLS[service.protocol]
    keys: dict[PortKey, bool] = {}
    for vip in (vip for vip in service.vip if vip.version == family):
        for ports in service.port:
            exact = ports.first == ports.last
            pieces = [(0, ANY_BLOCK)] if ports.is_any else blocks(ports.first, ports.last)
            for port, block in pieces:
                key = PortKey(vip, protocol, port, block)
                keys[key] = exact or keys.get(key, False)
    return keys


def _add_vips(ways: Ways, service: Service, family: int, links: int) -> None:
    """VIPs and their ports."""
    ways.keys = keys_of(service, family)
    used: dict[IPAddress, int] = {}
    for key in ways.keys:
        used[key.vip] = used.get(key.vip, 0) | 1 << key.block
    for vip, sizes in used.items():
        by_protocol = (sizes, 0) if service.protocol == "tcp" else (0, sizes)
        ways.vips[vip] = DesiredVip(links, *by_protocol)


def shared_path(one: DesiredPath, other: DesiredPath) -> DesiredPath:
    """The path of an address that several services have: one of them may need the source, and one
    of them several next hops, where another has a fixed MAC address."""
    if one is other:
        return one
    source, hops = (one if any(one.source) else other), (one if one.several else other)
    return DesiredPath(source.source, source.source_bits, hops.hops)


class _Members:
    """Who may have a service's flows in one address family."""

    def __init__(self, config: Config, service: Service, identity: ServiceId) -> None:
        self._config = config
        self._service = service
        self._identity = identity
        self._method = methods()[service.method]
        self._content = Reals(service)
        self._shares: dict[RealId, int] = {}
        self._down: dict[RealId, int] = {}
        self._usable: dict[RealId, int] = {}
        self._sorry: RealId | None = None
        self.reals: dict[RealId, DesiredReal] = {}
        self.ways = Ways(group=service.persistence_group, replies=self._method.replies)
        self.weights: list[int] = []
        """Of all real servers, usable or not."""
        self.all_down = ""
        """As Part has it."""

    def add(
        self, found: Mapping[RealId, Resolution], condition_of: Callable[[RealId], Condition]
    ) -> None:
        """Everybody's element of reals[], and who may have new flows."""
        config, service = self._config, self._service
        for real in config.members_of(service):
            address = config.address_for(service, real, self._identity.family)
            if address is None:
                continue
            key = RealId(self._identity, address)
            sorry = real is service.sorry
            condition = WELL if sorry else condition_of(key)
            where = found.get(key, NOWHERE)
            entry = self._add(real, key, where, condition)
            if sorry:
                self._sorry = key
                continue
            self.weights.append(real.weight)
            if entry.flags & USABLE:
                self._usable[key] = real.weight
                self._shares[key] = condition.share
            elif condition.state == "down" and where.fresh and entry.flags & RESOLVED:
                self._down[key] = real.weight
        if self._method.replies:
            self.ways.answering = frozenset(real.address for real in self.reals)
        self._stand_in()

    def _add(self, real: Real, key: RealId, found: Resolution, condition: Condition) -> DesiredReal:
        """The real, and the path to it where the service's method routes."""
        method, ways = self._method, self.ways
        path = path_of(self._config, method, key.address, found) if method.routes else None
        if path is not None:
            known = ways.paths.get(key.address)
            ways.paths[key.address] = path if known is None else shared_path(known, path)
        entry = self._content.real_of(real, key, found, path, condition)
        self.reals[key] = entry
        if method.replies and not method.snat:
            opens = self._service.outbound and self._service.pool_for(self._identity.family)
            ways.natted[key.address] = opener_of(self._service, key) if opens else None
        return entry

    def _stand_in(self) -> None:
        """Who gets new flows when nobody is up; the sorry server gets none else."""
        alone = not any(self._usable.values())
        if alone and self._service.all_down == "all-up":
            self._usable = {key: weight for key, weight in self._down.items() if weight}
            for key in self._usable:
                self._flag(key, USABLE, AWAY | LEAVE | RESET)
        if self._sorry is not None:
            if not alone:
                self._flag(self._sorry, 0, USABLE)
            elif self.reals[self._sorry].flags & USABLE:
                self._usable = {self._sorry: 1}
        if alone:
            policy = self._service.all_down
            others = any(self._usable.values())
            self.all_down = policy if others or policy == "pass" else "drop"

    def _flag(self, key: RealId, more: int, less: int) -> None:
        entry = self.reals[key]
        self.reals[key] = replace(entry, flags=entry.flags & ~less | more)

    def scheduled(self) -> tuple[dict[RealId, int], str]:
        """Those that may have new flows, by weight, and by which algorithm."""
        service = self._service
        shares = {self._shares.get(key, WHOLE) for key in self._usable}
        if shares <= {WHOLE}:
            return self._usable, service.algorithm
        by = BY_WEIGHT.get(service.algorithm, service.algorithm)
        same = by != service.algorithm
        return {
            key: (1 if same else weight) * self._shares.get(key, WHOLE)
            for key, weight in self._usable.items()
        }, by
