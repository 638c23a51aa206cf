# SPDX-License-Identifier: Apache-2.0
"""What reals[] and paths[] should hold of one real server. Pure, as compute.py."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dsrlb.config import Config, Real, Service
from dsrlb.control.desired.contents import (
    AWAY,
    DOWN,
    HOPS,
    IPV6,
    LEAVE,
    NO_HOPS,
    OUTBOUND,
    PRESENT,
    RESET,
    RESOLVED,
    STICKY,
    TIMED,
    USABLE,
    DesiredHop,
    DesiredPath,
    DesiredReal,
    NextHop,
    RealId,
    Resolution,
)
from dsrlb.control.desired.hops import SLOTS, spread
from dsrlb.control.health.condition import Condition
from dsrlb.dataplane.keys import IPAddress, address_bytes, mac_bytes
from dsrlb.dataplane.methods import Method, methods

TICK_NS = 1 << 27
_TCP_IDLE_SECONDS = 900  # as service.idle_timeout is where nothing else is said


def ticks(seconds: int) -> int:
    """Seconds in clock ticks, rounded up."""
    return -(-seconds * 1_000_000_000 // TICK_NS)


@lru_cache(maxsize=4096)
def _slots(hops: tuple[NextHop, ...], weights: tuple[int, ...]) -> tuple[DesiredHop, ...]:
    """Thousands of real servers are behind the same few next hops."""
    return tuple(map(_hop, spread(hops, weights)))


def _hop(hop: NextHop) -> DesiredHop:
    return _only(hop.mac, hop.link.number, hop.source_mac, hop.mtu, hop.vlan)[0]


@lru_cache(maxsize=4096)
def _only(mac: str, link: int, source_mac: str, mtu: int, vlan: int) -> tuple[DesiredHop, ...]:
    """The slots of a path with a single next hop."""
    hop = DesiredHop(mac_bytes(mac), link, mac_bytes(source_mac), min(mtu, 65535), vlan)
    return (hop,) * SLOTS


def _hops(found: Resolution) -> tuple[DesiredHop, ...]:
    """Of every slot. A single next hop has them all, so that flows that still go by slots while
    there become fewer, or more, always meet one."""
    if found.hops:
        return _slots(found.hops, found.weights)
    link = found.link
    if found.mac is None or link is None:
        return NO_HOPS
    source = found.source_mac or link.mac
    return _only(found.mac, link.number, source, found.mtu or link.mtu, found.vlan)


def path_of(config: Config, method: Method, address: IPAddress, found: Resolution) -> DesiredPath:
    """``address``: of the real server, whose family is that of outer headers."""
    hops = _hops(found)
    if not method.outer[address.version]:
        return DesiredPath(hops=hops)
    for network in config.balancer.tunnel_source:
        if network.version == address.version:
            bits = min(network.max_prefixlen - network.prefixlen, 32)
            return DesiredPath(address_bytes(network.network_address), bits, hops)
    link = found.link
    own = found.address
    if own is None and link is not None:
        own = link.address4 if address.version == 4 else link.address6
    return DesiredPath(address_bytes(own) if own else bytes(16), 0, hops)


class Reals:
    """What reals[] should hold of the real servers of one service."""

    def __init__(self, service: Service) -> None:
        self._method = methods()[service.method]
        self._service = service
        self._always = PRESENT
        if service.persistence:
            self._always |= STICKY
        if service.algorithm == "fastest-response-time":
            self._always |= TIMED
        self._leaving = leaving(service)
        self._idle = ticks(service.idle_timeout)
        self._closing = ticks(service.closing_timeout)
        self._pending = ticks(service.pending_timeout)
        self._dscp = (service.l3dsr.dscp or 0) if service.l3dsr else 0
        self._made: dict[tuple[Any, ...], DesiredReal] = {}

    def real_of(
        self,
        real: Real,
        key: RealId,
        found: Resolution,
        path: DesiredPath | None,
        condition: Condition,
    ) -> DesiredReal:
        """``path``: of a method that routes. Most real servers of a service have the same."""
        mac, source, vlan, mtu = found.mac, found.source_mac, found.vlan, found.mtu
        flags, link = self._flags(real, key, found, path, condition), found.link
        number, routed = link.number if link else -1, path is not None
        own = real.weight, real.max_open, real.max_open_low, real.port
        told = (mac, source, vlan, mtu, number, flags, routed, *own)
        known = self._made.get(told)
        if known is None:
            known = self._made[told] = self._real_of(real, found, flags, routed)
        return known

    def _real_of(self, real: Real, found: Resolution, flags: int, routed: bool) -> DesiredReal:
        method, link = self._method, found.link
        return DesiredReal(
            mac=mac_bytes(found.mac) if found.mac else bytes(6),
            source_mac=mac_bytes(found.source_mac or link.mac) if link else bytes(6),
            mtu=min(found.mtu or link.mtu, 65535) if link else 0,
            link=link.number if link else 0,
            flags=flags,
            idle_ticks=self._idle,
            closing_ticks=self._closing,
            pending_ticks=self._pending,
            weight=real.weight,
            max_open=real.max_open,
            max_open_low=real.resumes_at,
            method=method.number,
            dscp=self._dscp,
            port=_port(self._service, real),
            vlan=found.vlan if method.routes else 0,
            routed=routed,
        )

    def _flags(
        self,
        real: Real,
        key: RealId,
        found: Resolution,
        path: DesiredPath | None,
        condition: Condition,
    ) -> int:
        version = key.address.version
        flags = self._always if found.fresh else self._always | AWAY
        if condition.leaves:
            flags |= self._leaving
        if condition.state == "down":
            flags |= DOWN
        if version == 6:
            flags |= IPV6
        if path is not None and path.several:
            flags |= HOPS
        tunnel = self._method.outer[version] > 0
        if tunnel and (path is None or not any(path.source)):
            return flags | AWAY
        if found.mac is not None and found.link is not None:
            flags |= RESOLVED
            if found.fresh and real.weight and condition.state == "up":
                flags |= USABLE
        return flags


def _port(service: Service, real: Real) -> int:
    """Of the tunnel, or the real server's own; 0: none, or the service's."""
    if service.method == "gue" and service.l3dsr is not None:
        return service.l3dsr.gue_port
    return real.port if methods()[service.method].replies else 0


def leaving(service: Service) -> int:
    """The flags by which flows leave a real server that is out: service.on_down. SYNs always do;
    what is kept of UDP are all flows, which have none."""
    if service.on_down == "keep":
        return AWAY if service.protocol == "tcp" else 0
    return AWAY | (RESET if service.on_down == "reset" else LEAVE)


def opener_of(service: Service, key: RealId) -> DesiredReal:
    """Real servers open TCP connections too where they serve UDP; idle UDP is the program's."""
    idle = service.idle_timeout if service.protocol == "tcp" else _TCP_IDLE_SECONDS
    flags = PRESENT | OUTBOUND | (IPV6 if key.address.version == 6 else 0)
    return DesiredReal(
        mac=bytes(6),
        source_mac=bytes(6),
        mtu=0,
        link=0,
        flags=flags,
        idle_ticks=ticks(idle),
        closing_ticks=ticks(service.closing_timeout),
        pending_ticks=ticks(service.pending_timeout),
        weight=0,
        method=methods()[service.method].number,
    )
