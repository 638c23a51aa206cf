# SPDX-License-Identifier: Apache-2.0
"""Addresses of a configuration that the host has as well, or whose packets it would keep: as they
are at a start, or as they become while a balancer runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsrlb.config.checks import HostFacts
from dsrlb.config.members import real_addresses
from dsrlb.config.memo import ByIdentity
from dsrlb.config.models import Config, Group, Service
from dsrlb.config.values import AddressRange, IPAddress, IPNetwork
from dsrlb.errors import Problem

if TYPE_CHECKING:
    from dsrlb.config.source import Origin

_ROUTERS = ("router", "nat")
_LONGEST = {4: 31, 6: 127}
"""Prefixes from here on have no network or broadcast address (RFC 3021, RFC 6164)."""


@dataclass(frozen=True, slots=True)
class Clash:
    """What host and configuration cannot both have. ``fact``: what is so; ``advice``: what would
    come of it and what to do, or nothing; ``about``: what of the host it is."""

    path: tuple[str | int, ...]
    value: str
    fact: str
    advice: str = ""
    about: str = "address"

    def problem(self, origin: Origin) -> Problem:
        """As one that refuses, with its place."""
        message = f"{self.fact}: {self.advice}" if self.advice else self.fact
        return origin.problem(self.path, self.value, message)

    @property
    def identity(self) -> tuple[str, str]:
        """The same wherever in a configuration it stands."""
        return self.value, self.fact


def clashes(config: Config, facts: HostFacts, adopt_vip: bool = False) -> Iterator[Clash]:
    """Yield them all. ``adopt_vip``: VIPs on interfaces of this host are none, they will be taken
    off."""
    if not adopt_vip:
        yield from _vips(config, facts)
    yield from _reals(config, facts)
    for index, service in enumerate(config.service):
        for part in service.snat.pool if service.snat else ():
            for fact, advice in _taken(part, facts):
                yield Clash(("service", index, "snat", "pool"), str(part), fact, advice)
        for vip, fact, advice in _round(config, service, facts):
            yield Clash(("service", index, "vip"), str(vip), fact, advice)


def _vips(config: Config, facts: HostFacts) -> Iterator[Clash]:
    for index, service in enumerate(config.service):
        for vip in service.vip:
            if vip in facts.addresses:
                interface = facts.addresses[vip]
                yield Clash(
                    ("service", index, "vip"),
                    str(vip),
                    f"this VIP is an address of this host (on {interface})",
                    "its kernel would answer the clients itself and reset their connections; take "
                    f"it off {interface} (`ip address show to {vip}`), or let --adopt-vip do that",
                )


_addresses_in = ByIdentity[Group | Service, frozenset[IPAddress]](
    lambda element: (
        frozenset(address for real in element.real for address in real.address)
        | frozenset(getattr(getattr(element, "sorry", None), "address", ()))
    )
)


def _on_host(config: Config, facts: HostFacts) -> bool:
    """Is a real server this host? Seldom, and large configurations are slow to walk through."""
    here = frozenset(facts.addresses)
    elements: tuple[Group | Service, ...] = (*config.group, *config.service)
    return any(not _addresses_in(element).isdisjoint(here) for element in elements)


def _reals(config: Config, facts: HostFacts) -> Iterator[Clash]:
    for path, address in real_addresses(config) if _on_host(config, facts) else ():
        if address in facts.addresses:
            fact = f"this real server is this host itself (on {facts.addresses[address]})"
            yield Clash(path, str(address), fact)


def _taken(part: AddressRange, facts: HostFacts) -> Iterator[tuple[str, str]]:
    """Why addresses of a pool are not to be had: the first reason."""
    for address, interface in facts.addresses.items():
        if part.meets(address, address):
            yield (
                f"{address} is an address of this host (on {interface})",
                "its kernel would answer what comes back to it; leave it out, or take it off that "
                "interface",
            )
            return
    for interface, networks in facts.subnets.items():
        for network in networks:
            for name, address in _ends(network):
                if part.meets(address, address):
                    yield (
                        f"{address} is the {name} address of {network} (on {interface})",
                        "it is no station's; leave it out",
                    )
                    return


def _ends(network: IPNetwork) -> Iterator[tuple[str, IPAddress]]:
    """Addresses of a subnet that no station has: of IPv6 the first is any router's (RFC 4291)."""
    if network.prefixlen >= _LONGEST[network.version]:
        return
    if network.version == 6:
        yield "subnet-router anycast", network[0]
    else:
        yield "network", network[0]
        yield "broadcast", network[-1]


def _subnet(address: IPAddress, facts: HostFacts) -> tuple[IPNetwork, str] | None:
    """The smallest on-link network that an address is in with others, and where it is."""
    found = [
        (network, name)
        for name, networks in facts.subnets.items()
        for network in networks
        if address in network and network.num_addresses > 1
    ]
    return max(found, key=lambda pair: pair[0].prefixlen, default=None)


def _round(
    config: Config, service: Service, facts: HostFacts
) -> Iterator[tuple[IPAddress, str, str]]:
    """VIPs that share a subnet with a real server, whose replies go to clients there at once."""
    if service.mode not in _ROUTERS:
        return
    for vip in service.vip:
        subnet = _subnet(vip, facts)
        if subnet is None:
            continue
        network, interface = subnet
        for real in config.members_of(service):
            address = config.address_for(service, real, vip.version)
            if address is not None and address in network and _subnet(address, facts) == subnet:
                yield (
                    vip,
                    f"real server {address} is in the same subnet, {network} (on {interface})",
                    "its replies to clients there would not come back through here; give the VIP "
                    "another subnet, or take mode one-arm, bridge or l2dsr",
                )
                break
