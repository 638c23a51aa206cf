# SPDX-License-Identifier: Apache-2.0
"""From configuration, interfaces and MAC addresses to what the maps should hold.

Pure: no I/O. The same Desired is computed at start, on reload and when a MAC address changes, and
always goes through the same apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dsrlb.config import Config, Real, Service
from dsrlb.control.ports import ANY_BLOCK, blocks
from dsrlb.control.sequence import sequence
from dsrlb.dataplane.keys import IPAddress, mac_bytes

ALGORITHMS = {"round-robin": 1, "weighted-round-robin": 2}
MODES = {"l2dsr": 1}
PROTOCOLS = {"tcp": 6, "udp": 17}
TICK_NS = 1 << 27

USABLE, RESOLVED, PRESENT, AWAY = 1, 2, 4, 8
"""real.flags in abi.h."""


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
    """The content of one element of reals[] (times in ticks)."""

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


@dataclass(frozen=True, slots=True)
class DesiredService:
    """The content of one service record, with its schedule by real."""

    algorithm: int
    mode: int
    links: int
    on_unknown: int
    schedule: tuple[RealId, ...]


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


def ticks(seconds: int) -> int:
    """Seconds in clock ticks, rounded up."""
    return -(-seconds * 1_000_000_000 // TICK_NS)


def _real(service: Service, real: Real, found: Resolution) -> DesiredReal:
    flags = PRESENT if found.fresh else PRESENT | AWAY
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
        pending_ticks=idle if service.protocol == "udp" else ticks(service.pending_timeout),
        weight=real.weight,
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
            desired.services[identity] = DesiredService(
                algorithm=ALGORITHMS[service.algorithm],
                mode=MODES[service.mode],
                links=mask,
                on_unknown=int(service.on_unknown == "schedule"),
                schedule=tuple(usable[index][0] for index in order.tolist()),
            )
            _add_keys(desired, service, identity, mask)
    return desired
