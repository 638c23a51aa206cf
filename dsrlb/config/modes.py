# SPDX-License-Identifier: Apache-2.0
"""Contradictions among the keys that say how packets reach the real servers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from dsrlb.config.members import complete
from dsrlb.config.models import Config, IPAddress, IPNetwork, L3dsr, Service
from dsrlb.config.policies import Found

NO_SOURCES: dict[int, tuple[IPNetwork, ...]] = {
    4: tuple(map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"))),
    6: tuple(map(ip_network, ("::/127", "::ffff:0:0/96", "fe80::/10", "ff00::/8"))),
}
"""What no packet that is routed comes from."""


def _table(path: tuple[str | int, ...], service: Service) -> Iterator[Found]:
    """[service.l3dsr] is there when it has a meaning, and so are its keys."""
    if service.l3dsr is None:
        if service.mode == "l3dsr":
            message = 'needs [service.l3dsr] with method = "dscp", "ipip" or "gue"'
            yield (*path, "mode"), service.mode, message
        return
    if service.mode != "l3dsr":
        message = '[service.l3dsr] belongs to mode = "l3dsr"; give that mode, or remove the table'
        yield (*path, "mode"), service.mode, message
        return
    yield from _keys((*path, "l3dsr"), service.l3dsr)


def _keys(path: tuple[str | int, ...], l3dsr: L3dsr) -> Iterator[Found]:
    if l3dsr.method == "dscp" and l3dsr.dscp is None:
        yield (*path, "dscp"), "(absent)", 'method = "dscp" needs a code from 1 to 63'
    if l3dsr.method != "dscp" and l3dsr.dscp is not None:
        yield (*path, "dscp"), l3dsr.dscp, f'only with method = "dscp", not {l3dsr.method}'
    if l3dsr.method != "gue" and "gue_port" in l3dsr.model_fields_set:
        yield (*path, "gue_port"), l3dsr.gue_port, f'only with method = "gue", not {l3dsr.method}'


def _unused_code(config: Config) -> str:
    used = {service.l3dsr.dscp for service in config.service if service.l3dsr}
    free = next((code for code in range(1, 64) if code not in used), None)
    return "" if free is None else f", such as {free}"


def _codes(config: Config) -> Iterator[Found]:
    """On a real server a code stands for one VIP per address family."""
    taken: dict[tuple[int, IPAddress], tuple[IPAddress, str]] = {}
    for index, service in complete(config):
        code = service.l3dsr.dscp if service.l3dsr else None
        if service.mode != "l3dsr" or service.method != "dscp" or code is None:
            continue
        for vip, address in _reached(config, service):
            other, owner = taken.setdefault((code, address), (vip, service.name))
            if other == vip:
                continue
            whose = "of this service too" if owner == service.name else f"of service {owner!r}"
            message = (
                f"real server {address} could not tell {vip} from {other} ({whose}), which has "
                f"this code; give each VIP a code of its own{_unused_code(config)}"
            )
            yield ("service", index, "l3dsr", "dscp"), code, message
            break


def _reached(config: Config, service: Service) -> Iterator[tuple[IPAddress, IPAddress]]:
    """(VIP, address of a real server that gets its packets)."""
    for vip in service.vip:
        for real in config.members_of(service):
            address = config.address_for(service, real, vip.version)
            if address is not None:
                yield vip, address


def _tunnel_source(config: Config) -> Iterator[Found]:
    """Sources are unicast, one per family, and nobody else's."""
    path = ("balancer", "tunnel_source")
    first: dict[int, IPNetwork] = {}
    vips = {vip: f"VIP {vip}" for service in config.service for vip in service.vip}
    lists = [group.real for group in config.group] + [service.real for service in config.service]
    reals = {ip: f"real server {ip}" for reals in lists for real in reals for ip in real.address}
    for source in config.balancer.tunnel_source:
        other = first.setdefault(source.version, source)
        if other is not source:
            message = f"one IPv{source.version} address or prefix; there is {other} already"
            yield path, str(source), message
        if any(source.overlaps(network) for network in NO_SOURCES[source.version]):
            message = "unicast addresses that can be routed to the balancer"
            yield path, str(source), message
        owner = next((text for ip, text in (vips | reals).items() if ip in source), None)
        if owner is not None:
            message = f"addresses of the balancer's alone; this one is or has that of {owner}"
            yield path, str(source), message


def check_modes(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in modes, methods and tunnels."""
    yield from _tunnel_source(config)
    for index, service in enumerate(config.service):
        yield from _table(("service", index), service)
    yield from _codes(config)
