# SPDX-License-Identifier: Apache-2.0
"""From configuration, interfaces and MAC addresses to what the maps should hold.

Pure: no I/O. The same Desired is computed at start, on reload and when a MAC address changes, and
always goes through the same apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dsrlb.config import Config, Real, Service
from dsrlb.config.values import IPNetwork
from dsrlb.control.ports import ANY_BLOCK, blocks
from dsrlb.control.sequence import sequence
from dsrlb.dataplane.keys import IPAddress, mac_bytes

ALGORITHMS = {"round-robin": 1, "weighted-round-robin": 2}
MODES = {"l2dsr": 1}
PROTOCOLS = {"tcp": 6, "udp": 17}
TICK_NS = 1 << 27

UNKNOWN = {"drop": 0, "schedule": 1, "reset": 2}
"""service_record.on_unknown in abi.h."""

USABLE, RESOLVED, PRESENT, AWAY, STICKY = 1, 2, 4, 8, 16
"""real.flags in abi.h."""

ONE_PACKET, ALLOW_ONLY = 1, 2
"""service_record.flags in abi.h."""

Sources = frozenset[tuple[IPNetwork, bool]]
"""Prefixes that may (True) or may not use a service, all of its address family."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """An interface that the balancer is on: its number in the maps, and what frames need."""

    number: int
    ifindex: int
    name: str
    mac: str
    mtu: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where frames for a real go: ``mac`` None means not known; ``fresh`` allows new flows, without
    it flows that can move do."""

    mac: str | None
    link: LinkState | None
    fresh: bool
    reason: str = ""
    source: str = "kernel"  # "kernel" | "static"


@dataclass(frozen=True, slots=True, order=True)
class ServiceId:
    """A service in one address family: has its own schedule and counters."""

    name: str
    family: int  # 4 | 6


@dataclass(frozen=True, slots=True)
class RealId:
    """A real server of a service, by address."""

    service: ServiceId
    address: IPAddress


@dataclass(frozen=True, slots=True)
class DesiredReal:
    """The content of one element of reals[] (times in ticks), and its limits in loads[]."""

    mac: bytes
    source_mac: bytes
    mtu: int
    link: int
    ifindex: int
    flags: int
    idle_ticks: int
    closing_ticks: int
    pending_ticks: int
    weight: int
    max_open: int = 0  # flows; 0: no limit
    max_open_low: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """At most one new flow per ``interval`` ns, and up to ``burst`` ns ahead; interval 0: any."""

    interval: int = 0
    burst: int = 0


@dataclass(frozen=True, slots=True)
class DesiredService:
    """The content of one service record, with its schedule by real and its list of sources.

    The numbers of list and persistence group are the Applier's.
    """

    algorithm: int
    mode: int
    links: int
    on_unknown: int
    schedule: tuple[RealId, ...]
    flags: int = 0
    sources: Sources = frozenset()
    persistence_ticks: int = 0
    service_rate: Rate = Rate()
    source_rate: Rate = Rate()

    @property
    def has_list(self) -> bool:
        """Are sources looked up? Also in an empty list, when only those on it are allowed."""
        return bool(self.sources or self.flags & ALLOW_ONLY)


NO_SERVICE = DesiredService(0, 0, 0, 0, ())
"""Of a service that is named and has no record yet."""


@dataclass(frozen=True, slots=True)
class PortKey:
    """A service key: an aligned block of 2^block ports of a VIP."""

    vip: IPAddress
    protocol: int
    port: int
    block: int


@dataclass(slots=True)
class DesiredVip:
    """The content of one element of vips[]."""

    links: int = 0
    tcp_blocks: int = 0
    udp_blocks: int = 0


@dataclass(slots=True)
class Desired:
    """Everything the configuration maps should hold."""

    announce: bool = True
    services: dict[ServiceId, DesiredService] = field(default_factory=dict)
    reals: dict[RealId, DesiredReal] = field(default_factory=dict)
    keys: dict[PortKey, ServiceId] = field(default_factory=dict)
    vips: dict[IPAddress, DesiredVip] = field(default_factory=dict)
    groups: dict[ServiceId, str] = field(default_factory=dict)
    """The persistence group of each service that names one."""


def ticks(seconds: int) -> int:
    """Seconds in clock ticks, rounded up."""
    return -(-seconds * 1_000_000_000 // TICK_NS)


def rate(flows: int, burst: int) -> Rate:
    """Of so many flows per second (0: no limit) and so many at once (0: a tenth of a second's).

    The first of a burst is on time; ``burst`` lets the others come ahead of theirs.
    """
    if not flows:
        return Rate()
    interval = round(1_000_000_000 / flows)
    return Rate(interval, ((burst or max(flows // 10, 1)) - 1) * interval)


def _real(service: Service, real: Real, found: Resolution) -> DesiredReal:
    flags = PRESENT if found.fresh else PRESENT | AWAY
    if service.persistence:
        flags |= STICKY
    if found.mac is not None and found.link is not None:
        flags |= RESOLVED
        if found.fresh and real.weight:
            flags |= USABLE
    link = found.link
    idle = ticks(service.idle_timeout)
    return DesiredReal(
        mac=mac_bytes(found.mac) if found.mac else bytes(6),
        source_mac=mac_bytes(link.mac) if link else bytes(6),
        mtu=link.mtu if link else 0,
        link=link.number if link else 0,
        ifindex=link.ifindex if link else 0,
        flags=flags,
        idle_ticks=idle,
        closing_ticks=ticks(service.closing_timeout),
        pending_ticks=ticks(service.pending_timeout),
        weight=real.weight,
        max_open=real.max_open,
        max_open_low=real.resumes_at,
    )


def _sources(service: Service, family: int) -> Sources:
    lists = ((service.allow, True), (service.deny, False))
    return frozenset(
        (prefix, allowed)
        for prefixes, allowed in lists
        for prefix in prefixes
        if prefix.version == family
    )


def _service(
    service: Service, family: int, links: int, schedule: tuple[RealId, ...]
) -> DesiredService:
    return DesiredService(
        algorithm=ALGORITHMS[service.algorithm],
        mode=MODES[service.mode],
        links=links,
        on_unknown=UNKNOWN[service.on_unknown],
        schedule=schedule,
        flags=ONE_PACKET * service.one_packet | ALLOW_ONLY * bool(service.allow),
        sources=_sources(service, family),
        persistence_ticks=ticks(service.persistence),
        service_rate=rate(service.new_flow_rate, service.new_flow_burst),
        source_rate=rate(service.source_flow_rate, service.source_flow_burst),
    )


def _link_mask(service: Service, links: Mapping[str, LinkState]) -> int:
    names = service.interfaces or tuple(links)
    mask = 0
    for name in names:
        if name in links:
            mask |= 1 << links[name].number
    return mask


def _add_keys(desired: Desired, service: Service, identity: ServiceId, links: int) -> None:
    protocol = PROTOCOLS[service.protocol]
    for vip in (vip for vip in service.vip if vip.version == identity.family):
        entry = desired.vips.setdefault(vip, DesiredVip())
        entry.links |= links
        used = 0
        for ports in service.port:
            exact = ports.first == ports.last
            pieces = [(0, ANY_BLOCK)] if ports.is_any else blocks(ports.first, ports.last)
            for port, block in pieces:
                key = PortKey(vip, protocol, port, block)
                used |= 1 << block
                if exact or key not in desired.keys:  # an exact port wins over a range's edge
                    desired.keys[key] = identity
        if service.protocol == "tcp":
            entry.tcp_blocks |= used
        else:
            entry.udp_blocks |= used


def compute(
    config: Config, links: Mapping[str, LinkState], found: Mapping[RealId, Resolution]
) -> Desired:
    """Return what the maps should hold.

    ``links``: the attached interfaces by name; ``found``: where each real is. A real that is not
    in ``found`` counts as unresolved.
    """
    desired = Desired(announce=config.balancer.announce)
    nowhere = Resolution(None, None, False)
    for service in config.service:
        mask = _link_mask(service, links)
        for family in sorted({vip.version for vip in service.vip}):
            identity = ServiceId(service.name, family)
            usable: list[tuple[RealId, int]] = []
            for real in config.reals_of(service):
                for address in (ip for ip in real.address if ip.version == family):
                    key = RealId(identity, address)
                    entry = _real(service, real, found.get(key, nowhere))
                    desired.reals[key] = entry
                    if entry.flags & USABLE:
                        usable.append((key, real.weight))
            order = sequence(service.algorithm, [weight for _, weight in usable])
            schedule = tuple(usable[index][0] for index in order.tolist())
            desired.services[identity] = _service(service, family, mask, schedule)
            if service.persistence_group is not None:
                desired.groups[identity] = service.persistence_group
            _add_keys(desired, service, identity, mask)
    return desired
