# SPDX-License-Identifier: Apache-2.0
"""What modes bridge, router, one-arm and nat need of this host: bridges with the ports that are
named, pools that are nobody's, and replies that cannot but come back through here."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Bridge, Config, HostFacts, Service
from dsrlb.config.source import Origin
from dsrlb.config.values import AddressRange, IPAddress, IPNetwork
from dsrlb.errors import Problem

_ROUTERS = ("router", "nat")
_LONGEST = {4: 31, 6: 127}
"""Prefixes from here on have no network or broadcast address (RFC 3021, RFC 6164)."""


def misplaced(
    config: Config, facts: HostFacts, origin: Origin, before: Config | None = None
) -> list[Problem]:
    """Return what cannot work where this host is, each at its key.

    ``before``: what ran until now; its bridges may be away for a while, or have lost a port.
    """
    problems = []
    known = before.bridge if before else ()
    for index, bridge in enumerate(config.bridge):
        for key, value, says in _bridge(bridge, facts, bridge in known):
            problems.append(origin.problem(("bridge", index, key), value, says))
    for index, service in enumerate(config.service):
        for part in service.snat.pool if service.snat else ():
            message = _taken(part, facts)
            if message is not None:
                path = ("service", index, "snat", "pool")
                problems.append(origin.problem(path, str(part), message))
        for vip, says in _round(config, service, facts):
            problems.append(origin.problem(("service", index, "vip"), str(vip), says))
    return problems


def _bridge(bridge: Bridge, facts: HostFacts, known: bool) -> Iterator[tuple[str, str, str]]:
    """Key, value, message. ``known``: it was right before, and what is not there may come back.

    A port that is not there is told by check_host(), as one of balancer.interfaces.
    """
    link = facts.interfaces.get(bridge.name)
    if link is None:
        if not known:
            there = sorted(name for name, fact in facts.interfaces.items() if fact.kind == "bridge")
            message = f"there is no such bridge here; bridges: {', '.join(there) or 'none'}"
            yield "name", bridge.name, message
        return
    if link.kind != "bridge":
        kind = f"a {link.kind} device" if link.kind else "a device of its own"
        message = f"no kernel bridge, but {kind}; name the bridge that {bridge.ports[0]} is in"
        yield "name", bridge.name, message
        return
    for port in bridge.ports:
        fact = facts.interfaces.get(port)
        if fact is None or fact.master == bridge.name or (known and not fact.master):
            continue
        where = f"in {fact.master}" if fact.master else "in no bridge"
        message = (
            f"no port of {bridge.name}, but {where}; make it one: "
            f"`ip link set {port} master {bridge.name}`"
        )
        yield "ports", port, message


def _taken(part: AddressRange, facts: HostFacts) -> str | None:
    """Why addresses of a pool are not to be had."""
    for address, interface in facts.addresses.items():
        if part.meets(address, address):
            return (
                f"{address} is an address of this host (on {interface}): its kernel would answer "
                "what comes back to it; leave it out, or take it off that interface"
            )
    for interface, networks in facts.subnets.items():
        for network in networks:
            for name, address in _ends(network):
                if part.meets(address, address):
                    return (
                        f"{address} is the {name} address of {network} (on {interface}), which is "
                        "no station's; leave it out"
                    )
    return None


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


def _round(config: Config, service: Service, facts: HostFacts) -> Iterator[tuple[IPAddress, str]]:
    """VIPs that share a subnet with a real server, whose replies go to clients there at once."""
    if service.mode not in _ROUTERS:
        return
    for vip in service.vip:
        subnet = _subnet(vip, facts)
        if subnet is None:
            continue
        for real in config.members_of(service):
            address = config.address_for(service, real, vip.version)
            if address is not None and _subnet(address, facts) == subnet:
                network, interface = subnet
                yield (
                    vip,
                    f"real server {address} is in the same subnet, {network} (on {interface}): its "
                    "replies to clients there would not come back through here; give the VIP "
                    "another subnet, or take mode one-arm, bridge or l2dsr",
                )
                break
