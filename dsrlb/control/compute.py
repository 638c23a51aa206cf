# SPDX-License-Identifier: Apache-2.0
"""From configuration, interfaces and MAC addresses to what the maps should hold.

Pure: no I/O. The same Desired is computed at start, on reload and when a MAC address changes, and
always goes through the same apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from dsrlb.config import Config, Real, Service
from dsrlb.control.desired import (
    ALLOW_ONLY,
    AWAY,
    FORWARDING,
    HASH_SOURCE,
    HOPS,
    IPV6,
    NO_HOPS,
    ONE_PACKET,
    OUTBOUND,
    PRESENT,
    RESOLVED,
    STICKY,
    TIMED,
    TOA,
    USABLE,
    Desired,
    DesiredHop,
    DesiredLink,
    DesiredPath,
    DesiredReal,
    DesiredService,
    DesiredVip,
    LinkState,
    NextHop,
    PortKey,
    Rate,
    RealId,
    Resolution,
    ServiceId,
    Sources,
)
from dsrlb.control.hops import SLOTS, spread
from dsrlb.control.ports import ANY_BLOCK, blocks
from dsrlb.control.tableplace import entries_wanted
from dsrlb.control.tables import RULE
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.dataplane.keys import IPAddress, address_bytes, mac_bytes
from dsrlb.dataplane.methods import Method, methods

PROTOCOLS = {"tcp": 6, "udp": 17}
TICK_NS = 1 << 27
_TCP_IDLE_SECONDS = 900  # as service.idle_timeout is where nothing else is said

UNKNOWN = {"drop": 0, "schedule": 1, "reset": 2}
"""service_record.on_unknown in abi.h."""


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


@lru_cache(maxsize=4096)
def _slots(hops: tuple[NextHop, ...], weights: tuple[int, ...]) -> tuple[DesiredHop, ...]:
    """Thousands of real servers are behind the same few next hops."""
    return tuple(map(_hop, spread(hops, weights)))


def _hop(hop: NextHop) -> DesiredHop:
    source = mac_bytes(hop.source_mac)
    return DesiredHop(mac_bytes(hop.mac), hop.link.number, source, min(hop.mtu, 65535), hop.vlan)


def _hops(found: Resolution) -> tuple[DesiredHop, ...]:
    """Of every slot. A single next hop has them all, so that flows that still go by slots while
    there become fewer, or more, always meet one."""
    if found.hops:
        return _slots(found.hops, found.weights)
    link = found.link
    if found.mac is None or link is None:
        return NO_HOPS
    only = NextHop(found.mac, link, found.source_mac or link.mac, found.mtu or link.mtu, found.vlan)
    return (_hop(only),) * SLOTS


def _path(config: Config, method: Method, address: IPAddress, found: Resolution) -> DesiredPath:
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


def _real(
    service: Service, real: Real, key: RealId, found: Resolution, path: DesiredPath | None
) -> DesiredReal:
    """``path``: of a method that routes."""
    method = methods()[service.method]
    l3dsr = service.l3dsr
    flags = PRESENT if found.fresh else PRESENT | AWAY
    if service.persistence:
        flags |= STICKY
    if service.algorithm == "fastest-response-time":
        flags |= TIMED
    if key.address.version == 6:
        flags |= IPV6
    if path is not None and path.several:
        flags |= HOPS
    tunnel = method.outer[key.address.version] > 0
    sourceless = tunnel and (path is None or not any(path.source))
    if sourceless:
        flags |= AWAY
    elif found.mac is not None and found.link is not None:
        flags |= RESOLVED
        if found.fresh and real.weight:
            flags |= USABLE
    link = found.link
    idle = ticks(service.idle_timeout)
    return DesiredReal(
        mac=mac_bytes(found.mac) if found.mac else bytes(6),
        source_mac=mac_bytes(found.source_mac or link.mac) if link else bytes(6),
        mtu=min(found.mtu or link.mtu, 65535) if link else 0,
        link=link.number if link else 0,
        flags=flags,
        idle_ticks=idle,
        closing_ticks=ticks(service.closing_timeout),
        pending_ticks=ticks(service.pending_timeout),
        weight=real.weight,
        max_open=real.max_open,
        max_open_low=real.resumes_at,
        method=method.number,
        dscp=(l3dsr.dscp or 0) if l3dsr else 0,
        port=_port(service, real),
        vlan=found.vlan if method.routes else 0,
        routed=path is not None,
    )


def _port(service: Service, real: Real) -> int:
    """Of the tunnel, or the real server's own; 0: none, or the service's."""
    if service.method == "gue" and service.l3dsr is not None:
        return service.l3dsr.gue_port
    return real.port if methods()[service.method].replies else 0


def _sources(service: Service, family: int) -> Sources:
    lists = ((service.allow, True), (service.deny, False))
    return frozenset(
        (prefix, allowed)
        for prefixes, allowed in lists
        for prefix in prefixes
        if prefix.version == family
    )


def _flags(service: Service) -> int:
    toa = service.snat is not None and service.snat.toa
    flags = ONE_PACKET * service.one_packet | ALLOW_ONLY * bool(service.allow) | TOA * toa
    return flags | HASH_SOURCE * service.by_source


def _service(
    service: Service, family: int, links: int, usable: Mapping[RealId, int], entries: int
) -> DesiredService:
    """``usable``: who may have new flows, by weight; ``entries``: of their table."""
    return DesiredService(
        algorithm=algorithms()[service.algorithm].number,
        method=methods()[service.method].number,
        links=links,
        on_unknown=UNKNOWN[service.on_unknown],
        schedule=tuple(usable),
        flags=_flags(service),
        sources=_sources(service, family),
        persistence_ticks=ticks(service.persistence),
        service_rate=rate(service.new_flow_rate, service.new_flow_burst),
        source_rate=rate(service.source_flow_rate, service.source_flow_burst),
        pool=service.pool_for(family),
        mss_clamp=service.mss_clamp,
        weights=tuple(usable.values()),
        table_size=entries if usable else 0,
        table_rule=RULE,
    )


def _mask(names: Iterable[str], links: Mapping[str, LinkState]) -> int:
    """A bit for each that is attached."""
    return sum(1 << links[name].number for name in set(names) if name in links)


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


def _add_pool(desired: Desired, service: Service, family: int, links: int) -> None:
    """Where clients come in says nothing of where replies do: a pool is answered on all links."""
    for address in service.pool_for(family):
        desired.vips.setdefault(address, DesiredVip()).links = links


def _add_natted(desired: Desired, service: Service, key: RealId) -> None:
    """A real server that answers with its own address, and may open connections by one service:
    of several by the first by name."""
    opener = desired.natted.setdefault(key.address, None)
    if not service.outbound or not service.pool_for(key.service.family):
        return
    if opener is not None and opener.service <= key.service:
        return
    if opener is not None:
        del desired.openers[opener]
    desired.natted[key.address] = key
    desired.openers[key] = _opener(service, key)


def _opener(service: Service, key: RealId) -> DesiredReal:
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


def _shared(one: DesiredPath, other: DesiredPath) -> DesiredPath:
    """The path of an address that several services have: one of them may need the source, and one
    of them several next hops, where another has a fixed MAC address."""
    source, hops = (one if any(one.source) else other), (one if one.several else other)
    return DesiredPath(source.source, source.source_bits, hops.hops)


def _add_real(
    desired: Desired, config: Config, service: Service, real: Real, key: RealId, found: Resolution
) -> DesiredReal:
    """The real, and the path to it where the service's method routes."""
    method = methods()[service.method]
    path = _path(config, method, key.address, found) if method.routes else None
    if path is not None:
        known = desired.paths.get(key.address)
        desired.paths[key.address] = path if known is None else _shared(known, path)
    entry = _real(service, real, key, found, path)
    desired.reals[key] = entry
    if method.replies and not method.snat:
        _add_natted(desired, service, key)
    return entry


def _links(links: Mapping[str, LinkState]) -> dict[int, DesiredLink]:
    """What frames that leave by them need, by number."""
    return {
        link.number: DesiredLink(
            mac_bytes(link.mac), min(link.mtu, 65535), FORWARDING * link.forwarding
        )
        for link in links.values()
    }


def compute(
    config: Config, links: Mapping[str, LinkState], found: Mapping[RealId, Resolution]
) -> Desired:
    """Return what the maps should hold.

    ``links``: the attached interfaces by name; ``found``: where each real is. A real that is not
    in ``found`` counts as unresolved.
    """
    balancer = config.balancer
    desired = Desired(
        announce=balancer.announce, links=_links(links), choice_seed=balancer.hash_seed
    )
    nowhere = Resolution(None, None, False)
    for service in config.service:
        mask = _mask(service.interfaces or links, links)
        desired.replies |= methods()[service.method].replies
        for family in sorted({vip.version for vip in service.vip}):
            identity = ServiceId(service.name, family)
            usable: dict[RealId, int] = {}
            weights = []
            for real in config.reals_of(service):
                address = config.address_for(service, real, family)
                if address is None:
                    continue
                key = RealId(identity, address)
                weights.append(real.weight)
                entry = _add_real(desired, config, service, real, key, found.get(key, nowhere))
                if entry.flags & USABLE:
                    usable[key] = real.weight
            entries = entries_wanted(service, weights)
            desired.services[identity] = _service(service, family, mask, usable, entries)
            if service.persistence_group is not None:
                desired.groups[identity] = service.persistence_group
            _add_keys(desired, service, identity, mask)
            _add_pool(desired, service, family, _mask(links, links))
    return desired
