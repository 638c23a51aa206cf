# SPDX-License-Identifier: Apache-2.0
"""Contradictions among the keys of the modes in which replies come back through the balancer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from dsrlb.config.members import complete, real_addresses, users
from dsrlb.config.models import Config, IPAddress, Service, Snat
from dsrlb.config.policies import Found
from dsrlb.config.values import MOST_POOL, AddressRange

Path = tuple[str | int, ...]

_POOL = '[service.snat] with a pool, such as pool = ["192.0.2.200-192.0.2.203"]'
_MODES = "bridge, router, one-arm or nat"


def _bridges(config: Config) -> Iterator[Found]:
    """Each bridge stands once, and has two interfaces of ours that no other one has."""
    names: dict[str, int] = {}
    owners: dict[str, int] = {}
    known = config.balancer.interfaces
    for index, bridge in enumerate(config.bridge):
        path: Path = ("bridge", index)
        if names.setdefault(bridge.name, index) != index:
            message = f"bridge[{names[bridge.name]}] is this one already; give each bridge once"
            yield (*path, "name"), bridge.name, message
            continue
        if len(set(bridge.ports)) != len(bridge.ports):
            yield (*path, "ports"), list(bridge.ports), "two different ports, one for each side"
            continue
        for port in bridge.ports:
            if port not in known:
                message = f"not one of balancer.interfaces ({', '.join(known)}); add it there"
                yield (*path, "ports"), port, message
            elif owners.setdefault(port, index) != index:
                message = f"a port of bridge[{owners[port]}] already; an interface is in one bridge"
                yield (*path, "ports"), port, message
        if bridge.reals_on not in bridge.ports:
            yield (*path, "reals_on"), bridge.reals_on, f"one of the ports: {_or(bridge.ports)}"


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _in_a_bridge(config: Config, path: Path, service: Service) -> Iterator[Found]:
    """A service in mode bridge is between the ports of one."""
    if service.mode != "bridge":
        return
    if not config.bridge:
        message = "needs a [[bridge]] with the name of a kernel bridge, its two ports and reals_on"
        yield (*path, "mode"), service.mode, message
    elif service.interfaces and not config.bridges_of(service):
        ports = _or(tuple(bridge.clients_on for bridge in config.bridge))
        message = f"no client could come in: add the port that they are behind ({ports})"
        yield (*path, "interfaces"), list(service.interfaces), message


def _needs(path: Path, service: Service) -> Iterator[Found]:
    """Keys that only some of the modes have."""
    mode = service.mode
    if service.replies and service.on_unknown == "schedule":
        message = (
            f"not in mode {mode}: only a flow's first packet says where its replies go; "
            'give "drop", or "reset" to let clients begin anew'
        )
        yield (*path, "on_unknown"), service.on_unknown, message
    if service.replies and service.one_packet:
        message = (
            f"not in mode {mode}: replies are known by the flow, which would not be remembered; "
            "remove it, or take mode l2dsr or l3dsr"
        )
        yield (*path, "one_packet"), True, message
    if service.outbound and mode != "nat":
        message = f'only with mode = "nat", not {mode}; give that mode, or remove it'
        yield (*path, "outbound"), True, message
    if service.mss_clamp and not service.replies:
        message = f"only in mode {_MODES}: in mode {mode} the balancer does not see the replies"
        yield (*path, "mss_clamp"), service.mss_clamp, message
    elif service.mss_clamp and service.protocol != "tcp":
        yield (*path, "mss_clamp"), service.mss_clamp, 'only with protocol = "tcp"'


def _snat(path: Path, service: Service) -> Iterator[Found]:
    """[service.snat] is there when it has a meaning."""
    outbound = service.mode == "nat" and service.outbound
    if service.snat is None:
        if service.mode == "one-arm":
            message = f"needs {_POOL}: the addresses that clients get as their source"
            yield (*path, "mode"), service.mode, message
        elif outbound:
            message = f"needs {_POOL}: the addresses that real servers get as their source"
            yield (*path, "outbound"), True, message
    elif service.mode == "nat" and not outbound:
        message = (
            "[service.snat] in mode nat is for what real servers open, and clients keep their "
            "addresses; give outbound = true too, or remove the table"
        )
        yield (*path, "snat"), str(service.snat), message
    elif service.mode not in ("one-arm", "nat"):
        message = (
            '[service.snat] belongs to mode = "one-arm", and to mode = "nat" with outbound = true; '
            "give one of them, or remove the table"
        )
        yield (*path, "mode"), service.mode, message


def _toa(path: Path, service: Service, snat: Snat) -> Iterator[Found]:
    """A TCP option for real servers that do not see their clients."""
    if not snat.toa or service.mode not in ("one-arm", "nat"):
        return  # elsewhere the whole table is wrong
    if service.mode == "nat":
        message = "only in mode one-arm: in mode nat real servers see clients' addresses; remove it"
        yield (*path, "toa"), True, message
    elif service.protocol != "tcp":
        message = f'only with protocol = "tcp", not {service.protocol}: a TCP option; remove it'
        yield (*path, "toa"), True, message


def _families(config: Config, path: Path, service: Service, snat: Snat) -> Iterator[Found]:
    """A pool of every family that needs one, and of no other; not too large."""
    vips = {vip.version: vip for vip in reversed(service.vip)}
    for part in snat.pool:
        if part.family not in vips:
            message = f"the service has no IPv{part.family} VIP; add one, or remove this"
            yield (*path, "pool"), str(part), message
    for family, vip in sorted(vips.items()):
        count = sum(part.count for part in snat.pool if part.family == family)
        if count > MOST_POOL:
            message = f"at most {MOST_POOL} IPv{family} addresses; there are {count}"
            yield (*path, "pool"), snat.pool_text, message
        served = any(config.address_for(service, real, family) for real in config.reals_of(service))
        if not count and served and service.mode == "one-arm":
            message = (
                f"no IPv{family} address, which clients of {vip} need; add one, or remove {vip}"
            )
            yield (*path, "pool"), snat.pool_text, message


def _overlaps(path: Path, snat: Snat) -> Iterator[Found]:
    for index, part in enumerate(snat.pool):
        other = next((one for one in snat.pool[:index] if part.meets(one.first, one.last)), None)
        if other is not None:
            same = "this stands twice" if part == other else f"overlaps with {other}"
            yield (*path, "pool"), str(part), f"{same}; give each address once"


def _owners(config: Config) -> list[tuple[int, int, str]]:
    """Family, address as a number, and whose it is, of those that no pool can have; sorted."""
    reals = {address: f"real server {address}" for _, address in real_addresses(config)}
    vips = {
        vip: f"VIP {vip} (of service {service.name!r})"
        for service in reversed(config.service)
        for vip in service.vip
    }
    return sorted((ip.version, int(ip), text) for ip, text in (reals | vips).items())


def _owner(config: Config, part: AddressRange, owners: list[tuple[int, int, str]]) -> str | None:
    place = bisect_left(owners, (part.family, int(part.first), ""))
    if place < len(owners):
        family, number, text = owners[place]
        if family == part.family and number <= int(part.last):
            return text
    for source in config.balancer.tunnel_source:
        if part.meets(source[0], source[-1]):
            return f"balancer.tunnel_source {source}"
    return None


def _others(
    config: Config, path: Path, snat: Snat, owners: list[tuple[int, int, str]]
) -> Iterator[Found]:
    """A pool's addresses are nobody else's."""
    for part in snat.pool:
        owner = _owner(config, part, owners)
        if owner is not None:
            message = f"addresses of this pool's alone; this is or has one of {owner}"
            yield (*path, "pool"), str(part), message


def _ports(config: Config) -> Iterator[Found]:
    """A real server's own port stands for one port of each service."""
    for (table, index), services in users(config).items():
        reals = (config.group if table == "group" else config.service)[index].real
        message = next(filter(None, map(_port, services)), None)
        for number, real in enumerate(reals):
            if real.port and message is not None:
                yield (table, index, "real", number, "port"), real.port, message
    for index, service in enumerate(config.service):
        message = _port(service)
        if service.sorry is not None and service.sorry.port and message is not None:
            yield ("service", index, "sorry", "port"), service.sorry.port, message


def _port(service: Service) -> str | None:
    """Why real servers of this service have no port of their own."""
    if not service.replies:
        return (
            f"in mode {service.mode} (service {service.name!r}) the port is kept: the real server "
            f"listens on the service's port; remove it, or take mode {_MODES}"
        )
    ports = service.port
    if len(ports) > 1 or ports[0].first != ports[0].last:
        return (
            f"service {service.name!r} has more than one port ({', '.join(map(str, ports))}), and "
            "all would become this one; remove it (each port is kept), or give each port a service "
            "of its own"
        )
    return None


def _outbound(config: Config) -> Iterator[Found]:
    """What a real server opens leaves with addresses of one pool."""
    first: dict[IPAddress, Service] = {}
    for index, service in complete(config):
        if service.mode != "nat" or not service.outbound or service.snat is None:
            continue
        others = [
            (ip, first[ip].name)
            for real in config.reals_of(service)
            for ip in real.address
            if (pool := service.pool_for(ip.version))
            and first.setdefault(ip, service).pool_for(ip.version) != pool
        ]
        if others:
            address, owner = others[0]
            message = (
                f"what real server {address} opens gets an address of another pool already (of "
                f"service {owner!r}); give both the same pool, or only one of them outbound"
            )
            yield ("service", index, "snat", "pool"), service.snat.pool_text, message


def check_nat(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in bridges, pools, and real servers' ports."""
    yield from _bridges(config)
    owners = _owners(config)
    for index, service in enumerate(config.service):
        path: Path = ("service", index)
        yield from _in_a_bridge(config, path, service)
        yield from _needs(path, service)
        yield from _snat(path, service)
        if service.snat is not None:
            yield from _toa((*path, "snat"), service, service.snat)
            yield from _overlaps((*path, "snat"), service.snat)
            yield from _others(config, (*path, "snat"), service.snat, owners)
    for index, service in complete(config):
        if service.snat is not None:
            yield from _families(config, ("service", index, "snat"), service, service.snat)
    yield from _ports(config)
    yield from _outbound(config)
