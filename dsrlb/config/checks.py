# SPDX-License-Identifier: Apache-2.0
"""What no single key shows: contradictions inside a configuration, and with this host."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from dsrlb.config.algorithms import check_algorithms
from dsrlb.config.healthrules import check_health
from dsrlb.config.members import real_addresses, users
from dsrlb.config.models import (
    MOST_REALS,
    Config,
    IPAddress,
    IPNetwork,
    PortRange,
    Real,
    Service,
)
from dsrlb.config.modes import check_modes
from dsrlb.config.nat import check_nat
from dsrlb.config.policies import Found, check_policies
from dsrlb.config.probes import check_probes
from dsrlb.errors import Problem

if TYPE_CHECKING:
    from dsrlb.config.source import Origin


@dataclass(frozen=True, slots=True)
class LinkFact:
    """An interface of this host."""

    ifindex: int
    kind: str  # "" for a physical one, else "veth", "vlan", "bridge", ...
    mac: str
    mtu: int
    up: bool
    master: str = ""  # the bridge or bond that it is a port of


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a configuration is checked against."""

    interfaces: Mapping[str, LinkFact]
    addresses: Mapping[IPAddress, str]  # address -> interface
    subnets: Mapping[str, tuple[IPNetwork, ...]] = field(default_factory=dict)
    """The networks that are on-link, by interface: those of its addresses."""


def _names(config: Config) -> Iterator[Found]:
    groups = [group.name for group in config.group]
    services = [service.name for service in config.service]
    for table, names in (("group", groups), ("service", services)):
        seen: dict[str, int] = {}
        for index, name in enumerate(names):
            first = seen.setdefault(name, index)
            if first != index:
                message = f"{table}[{first}] has this name already; names must differ"
                yield (table, index, "name"), name, message


def _reals(path: tuple[str | int, ...], reals: tuple[Real, ...]) -> Iterator[Found]:
    seen: dict[IPAddress, int] = {}
    if len(reals) > MOST_REALS:
        yield path, f"{len(reals)} reals", f"at most {MOST_REALS:,} real servers"
    for index, real in enumerate(reals):
        here = (*path, index, "address")
        if len({ip.version for ip in real.address}) != len(real.address):
            yield here, _texts(real.address), "two addresses of one family; give one per family"
        for address in real.address:
            if address in seen and seen[address] != index:
                message = f"duplicate real server: {path[-1]}[{seen[address]}] has this address"
                yield here, str(address), message
            seen.setdefault(address, index)


def _texts(addresses: tuple[IPAddress, ...]) -> list[str]:
    return [str(address) for address in addresses]


def _or_tunnel(services: list[Service]) -> str:
    """For services in mode l3dsr there is another way."""
    other = " (methods ipip and gue also reach real servers of the other family)"
    return other if any(service.mode == "l3dsr" for service in services) else ""


def _members(config: Config, index: int, service: Service) -> Iterator[Found]:
    """A service's reals: given once, and for each VIP one that its packets can be sent to."""
    path: tuple[str | int, ...] = ("service", index)
    if service.group is not None and service.real:
        yield (*path, "group"), service.group, "give either a group or [[service.real]], not both"
        return
    if service.group is None and not service.real:
        yield path, service.name, "no real servers: name a group or add [[service.real]]"
        return
    groups = {group.name: group for group in config.group}
    if service.group is not None and service.group not in groups:
        known = ", ".join(sorted(groups)) or "none"
        yield (*path, "group"), service.group, f"there is no such group; groups: {known}"
        return
    reals = config.reals_of(service)
    if not reals:
        yield (*path, "group"), service.group, "this group has no real servers"
        return
    for vip in service.vip:
        if not any(config.address_for(service, real, vip.version) for real in reals):
            message = (
                f"no real server of this service has an IPv{vip.version} address; add one to a "
                f"real's address list, or remove this VIP{_or_tunnel([service])}"
            )
            yield (*path, "vip"), str(vip), message
    if len(set(service.vip)) != len(service.vip):
        yield (*path, "vip"), _texts(service.vip), "a VIP stands twice"


def _overlap(one: PortRange, other: PortRange) -> bool:
    """Would both be matched at the same rank?"""
    return _rank(one) == _rank(other) and one.first <= other.last and other.first <= one.last


def _rank(ports: PortRange) -> int:
    """Any, range, exact."""
    return 0 if ports.is_any else 1 + (ports.first == ports.last)


def _ports(config: Config) -> Iterator[Found]:
    """No two services, and no two entries of one, may claim the same port of a VIP. Each is told of
    one that came before it."""
    crowded = _crowded(config)
    claimed: dict[tuple[IPAddress, str], list[tuple[PortRange, int]]] = {}
    for index, service in enumerate(config.service):
        reported = set()
        for vip in (vip for vip in service.vip if (vip, service.protocol) in crowded):
            taken = claimed.setdefault((vip, service.protocol), [])
            for ports in service.port:
                found = next((known for known in taken if _overlap(ports, known[0])), None)
                if found is not None and (ports, found[1]) not in reported:
                    other, owner = found
                    reported.add((ports, owner))
                    name = config.service[owner].name
                    whose = "this service" if owner == index else f"service {name!r}"
                    message = (
                        f"duplicate service: {vip} {service.protocol} {other} "
                        f"belongs to {whose} already"
                    )
                    yield ("service", index, "port"), ports.plain, message
                taken.append((ports, index))


def _crowded(config: Config) -> set[tuple[IPAddress, str]]:
    """VIPs, by protocol, of which a port is claimed twice."""
    claims: dict[tuple[IPAddress, str], list[tuple[int, int, int]]] = {}
    for service in config.service:
        for vip in service.vip:
            claims.setdefault((vip, service.protocol), []).extend(
                (_rank(ports), ports.first, ports.last) for ports in service.port
            )
    return {
        key
        for key, ranges in claims.items()
        if any(one[0] == other[0] and one[2] >= other[1] for one, other in pairwise(sorted(ranges)))
    }


def _addresses(config: Config) -> Iterator[Found]:
    vips = {vip: service.name for service in config.service for vip in service.vip}
    for path, address in real_addresses(config):
        if address in vips:
            message = f"it is a VIP (of service {vips[address]!r}); a real has its own"
            yield path, str(address), message


def _families(config: Config) -> Iterator[Found]:
    """A real with no address that packets to any VIP could be sent to."""
    for (table, index), services in users(config).items():
        reals = (config.group if table == "group" else config.service)[index].real
        served = [(service, vip.version) for service in services for vip in service.vip]
        for number, real in enumerate(reals):
            if not any(config.address_for(service, real, family) for service, family in served):
                families = sorted({family for _, family in served})
                wanted = " or ".join(f"IPv{family}" for family in families)
                message = f"no VIP is of this family; give an {wanted} address"
                message += _or_tunnel(services)
                yield (table, index, "real", number, "address"), _texts(real.address), message


def _interfaces(config: Config) -> Iterator[Found]:
    known = config.balancer.interfaces
    for index, name in enumerate(known):
        if name in known[:index]:
            yield ("balancer", "interfaces"), name, "this interface stands twice"
    for index, service in enumerate(config.service):
        for name in service.interfaces:
            if name not in known:
                message = f"not one of balancer.interfaces ({', '.join(known)})"
                yield ("service", index, "interfaces"), name, message


def check(config: Config) -> Iterator[Found]:
    """Yield everything in the configuration that contradicts itself."""
    yield from _names(config)
    yield from _interfaces(config)
    for index, group in enumerate(config.group):
        yield from _reals(("group", index, "real"), group.real)
    for index, service in enumerate(config.service):
        yield from _reals(("service", index, "real"), service.real)
        yield from _members(config, index, service)
    yield from _ports(config)
    yield from _addresses(config)
    yield from _families(config)
    yield from check_policies(config)
    yield from check_modes(config)
    yield from check_nat(config)
    yield from check_algorithms(config)
    yield from check_health(config)
    yield from check_probes(config)


def _check_interface(name: str, facts: HostFacts) -> str | None:
    link = facts.interfaces.get(name)
    if link is None:
        known = ", ".join(sorted(set(facts.interfaces) - {"lo"})) or "none"
        return f"there is no such interface here; interfaces: {known}"
    if link.kind == "vlan":
        return "XDP goes onto the device below a VLAN interface; name that one"
    if link.kind == "bridge":
        return "XDP goes onto a bridge's ports; name those"
    if name == "lo" or link.kind == "loopback":
        return "not on the loopback interface"
    return None


def check_host(
    config: Config, facts: HostFacts, origin: Origin, known: Container[str] = ()
) -> list[Problem]:
    """Return the interfaces that the program cannot be attached to on this host. ``known``: those
    in use already, which may be away for a while."""
    problems = []
    for name in config.balancer.interfaces:
        if name in known and name not in facts.interfaces:
            continue
        message = _check_interface(name, facts)
        if message:
            problems.append(origin.problem(("balancer", "interfaces"), name, message))
    return problems
