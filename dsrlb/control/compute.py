# SPDX-License-Identifier: Apache-2.0
"""From configuration, interfaces and MAC addresses to what the maps should hold.

Pure: no I/O. The same Desired is computed at start, on reload and when a MAC address changes, and
always goes through the same apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from dsrlb.config import Config, Real, Service
from dsrlb.control.computereal import opener_of, path_of, real_of, ticks
from dsrlb.control.desired import (
    ALLOW_ONLY,
    AWAY,
    FORWARDING,
    HASH_SOURCE,
    LEAVE,
    ONE_PACKET,
    PASS_EMPTY,
    RESET,
    RESOLVED,
    TOA,
    USABLE,
    Desired,
    DesiredLink,
    DesiredPath,
    DesiredReal,
    DesiredService,
    DesiredVip,
    LinkState,
    PortKey,
    Rate,
    RealId,
    Resolution,
    ServiceId,
    Sources,
)
from dsrlb.control.health.condition import WELL, WHOLE, Condition
from dsrlb.control.ports import ANY_BLOCK, blocks
from dsrlb.control.tableplace import entries_wanted
from dsrlb.control.tables import RULE
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.dataplane.keys import mac_bytes
from dsrlb.dataplane.methods import methods

PROTOCOLS = {"tcp": 6, "udp": 17}

UNKNOWN = {"drop": 0, "schedule": 1, "reset": 2}
"""service_record.on_unknown in abi.h."""


def rate(flows: int, burst: int) -> Rate:
    """Of so many flows per second (0: no limit) and so many at once (0: a tenth of a second's).

    The first of a burst is on time; ``burst`` lets the others come ahead of theirs.
    """
    if not flows:
        return Rate()
    interval = round(1_000_000_000 / flows)
    return Rate(interval, ((burst or max(flows // 10, 1)) - 1) * interval)


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
    flags |= PASS_EMPTY * (service.all_down == "pass")
    return flags | HASH_SOURCE * service.by_source


_BY_WEIGHT = {
    "round-robin": "weighted-round-robin",
    "least-connection": "weighted-least-connection",
}
"""What an algorithm is that knows no weights while somebody has not its whole share yet."""


def _service(
    service: Service, family: int, links: int, usable: Mapping[RealId, int], entries: int, by: str
) -> DesiredService:
    """``usable``: who may have new flows, by weight; ``entries``: of their table; ``by``: which
    algorithm."""
    return DesiredService(
        algorithm=algorithms()[by].number,
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
    desired.openers[key] = opener_of(service, key)


def _shared(one: DesiredPath, other: DesiredPath) -> DesiredPath:
    """The path of an address that several services have: one of them may need the source, and one
    of them several next hops, where another has a fixed MAC address."""
    source, hops = (one if any(one.source) else other), (one if one.several else other)
    return DesiredPath(source.source, source.source_bits, hops.hops)


def _add_real(
    desired: Desired,
    config: Config,
    service: Service,
    real: Real,
    key: RealId,
    found: Resolution,
    condition: Condition,
) -> DesiredReal:
    """The real, and the path to it where the service's method routes."""
    method = methods()[service.method]
    path = path_of(config, method, key.address, found) if method.routes else None
    if path is not None:
        known = desired.paths.get(key.address)
        desired.paths[key.address] = path if known is None else _shared(known, path)
    entry = real_of(service, real, key, found, path, condition)
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


class _Members:
    """Who may have a service's flows in one address family."""

    def __init__(self, desired: Desired, config: Config, service: Service, family: int) -> None:
        self._desired = desired
        self._config = config
        self._service = service
        self._identity = ServiceId(service.name, family)
        self._shares: dict[RealId, int] = {}
        self._down: dict[RealId, int] = {}
        self._usable: dict[RealId, int] = {}
        self._sorry: RealId | None = None
        self.weights: list[int] = []
        """Of all real servers, usable or not."""

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
            where = found.get(key, _NOWHERE)
            entry = _add_real(self._desired, config, service, real, key, where, condition)
            if sorry:
                self._sorry = key
                continue
            self.weights.append(real.weight)
            if entry.flags & USABLE:
                self._usable[key] = real.weight
                self._shares[key] = condition.share
            elif condition.state == "down" and where.fresh and entry.flags & RESOLVED:
                self._down[key] = real.weight
        self._stand_in()

    def _stand_in(self) -> None:
        """Who gets new flows when nobody is up; the sorry server gets none else."""
        alone = not any(self._usable.values())
        if alone and self._service.all_down == "all-up":
            self._usable = {key: weight for key, weight in self._down.items() if weight}
            for key in self._usable:
                self._flag(key, USABLE, AWAY | LEAVE | RESET)
        if self._sorry is None:
            return
        if not alone:
            self._flag(self._sorry, 0, USABLE)
        elif self._desired.reals[self._sorry].flags & USABLE:
            self._usable = {self._sorry: 1}

    def _flag(self, key: RealId, more: int, less: int) -> None:
        entry = self._desired.reals[key]
        self._desired.reals[key] = replace(entry, flags=entry.flags & ~less | more)

    def scheduled(self) -> tuple[dict[RealId, int], str]:
        """Those that may have new flows, by weight, and by which algorithm."""
        service = self._service
        shares = {self._shares.get(key, WHOLE) for key in self._usable}
        if shares <= {WHOLE}:
            return self._usable, service.algorithm
        by = _BY_WEIGHT.get(service.algorithm, service.algorithm)
        same = by != service.algorithm
        return {
            key: (1 if same else weight) * self._shares.get(key, WHOLE)
            for key, weight in self._usable.items()
        }, by


_NOWHERE = Resolution(None, None, False)


def _well(_: RealId) -> Condition:
    return WELL


def compute(
    config: Config,
    links: Mapping[str, LinkState],
    found: Mapping[RealId, Resolution],
    condition_of: Callable[[RealId], Condition] = _well,
) -> Desired:
    """Return what the maps should hold.

    ``links``: the attached interfaces by name; ``found``: where each real is. A real that is not
    in ``found`` counts as unresolved. ``condition_of``: what checks and operators say.
    """
    balancer = config.balancer
    desired = Desired(
        announce=balancer.announce, links=_links(links), choice_seed=balancer.hash_seed
    )
    for service in config.service:
        mask = _mask(service.interfaces or links, links)
        desired.replies |= methods()[service.method].replies
        for family in sorted({vip.version for vip in service.vip}):
            identity = ServiceId(service.name, family)
            members = _Members(desired, config, service, family)
            members.add(found, condition_of)
            usable, by = members.scheduled()
            entries = entries_wanted(service, members.weights)
            desired.services[identity] = _service(service, family, mask, usable, entries, by)
            if service.persistence_group is not None:
                desired.groups[identity] = service.persistence_group
            _add_keys(desired, service, identity, mask)
            _add_pool(desired, service, family, _mask(links, links))
    return desired
