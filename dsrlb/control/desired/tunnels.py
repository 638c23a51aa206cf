# SPDX-License-Identifier: Apache-2.0
"""What tunnels (methods ipip and gue) need of this host: an address to send from, and room."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Clash, Config, HostFacts, Service
from dsrlb.config.models import TUNNELS
from dsrlb.config.values import IPAddress
from dsrlb.dataplane.methods import methods

_LEAST_MTU = {4: 576, 6: 1280}
"""What has to fit into a tunnel, by the family inside: RFC 791 (of every host), RFC 8200."""


def overhead(method: str, family: int) -> int:
    """Bytes by which a method makes packets longer. ``family``: of the real server's address."""
    return methods()[method].outer[family]


def unreachable(config: Config, facts: HostFacts) -> Iterator[Clash]:
    """Yield the tunnels that this host cannot send into, each at its service's method.

    Nothing is said while one of balancer.interfaces is away: its addresses and MTU are not known.
    """
    names = config.balancer.interfaces
    if any(name not in facts.interfaces for name in names):
        return
    most = max(facts.interfaces[name].mtu for name in names)
    sources: set[int] = {source.version for source in config.balancer.tunnel_source}
    sources |= {address.version for address in _own_addresses(config, facts)}
    for index, service in enumerate(config.service):
        if service.method not in TUNNELS:
            continue
        pairs = _pairs(config, service)
        path = ("service", index, "l3dsr", "method")
        for message in (
            *_without_source(names, pairs, sources),
            *_too_small(most, pairs, service.method),
        ):
            yield Clash(path, service.method, message, about="tunnel")


def _pairs(config: Config, service: Service) -> set[tuple[int, int]]:
    """The families that the service has inside and outside of its tunnels."""
    return {
        (family, address.version)
        for family in {vip.version for vip in service.vip}
        for real in config.members_of(service)
        if (address := config.address_for(service, real, family)) is not None
    }


def _own_addresses(config: Config, facts: HostFacts) -> Iterator[IPAddress]:
    """What the kernel may choose from: also of VLAN interfaces, which are on top of ours, and no
    VIP, which is about to be taken off."""
    vips = {vip for service in config.service for vip in service.vip}
    for address, name in facts.addresses.items():
        link = facts.interfaces.get(name)
        ours = name in config.balancer.interfaces or (link is not None and link.kind == "vlan")
        if ours and not address.is_link_local and address not in vips:
            yield address


def _without_source(
    names: tuple[str, ...], pairs: set[tuple[int, int]], sources: set[int]
) -> Iterator[str]:
    for family in sorted({outside for _, outside in pairs} - sources):
        yield (
            f"real servers are reached over IPv{family}, and there is no IPv{family} address to "
            f"send from on balancer.interfaces ({', '.join(names)}); add one there, or give an "
            f"IPv{family} address or prefix in balancer.tunnel_source"
        )


def _too_small(most: int, pairs: set[tuple[int, int]], method: str) -> Iterator[str]:
    """The pair of families that needs the largest MTU. ``most``: what there is."""
    needed, inside, outside = max(
        (_LEAST_MTU[inside] + overhead(method, outside), inside, outside)
        for inside, outside in pairs
    )
    if most < needed:
        yield (
            f"the largest MTU of balancer.interfaces is {most}: with the "
            f"{overhead(method, outside)} bytes that {method} over IPv{outside} adds, IPv{inside} "
            f"packets of {_LEAST_MTU[inside]} bytes do not fit; set it to {needed} or more"
        )
