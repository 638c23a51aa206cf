# SPDX-License-Identifier: Apache-2.0
"""Where the kernel would send a packet, and whose MAC address it knows."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.net.links import IPAddress, netlink

_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL)
_NTF_USE = 0x01
_STATES = {
    0x00: "none",
    0x01: "incomplete",
    0x02: "reachable",
    0x04: "stale",
    0x08: "delay",
    0x10: "probe",
    0x20: "failed",
    0x40: "noarp",
    0x80: "permanent",
}


@dataclass(frozen=True, slots=True)
class Route:
    """The kernel's choice: egress interface, gateway (None: on the link), source address."""

    ifindex: int
    gateway: IPAddress | None
    source: IPAddress | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the neighbour table; ``state`` as `ip neigh` names it, in lower case."""

    mac: str | None
    state: str


def _route(message: Any) -> Route | None:
    index = message.get_attr("RTA_OIF")
    if index is None:
        return None
    gateway, source = message.get_attr("RTA_GATEWAY"), message.get_attr("RTA_PREFSRC")
    return Route(
        index,
        ip_address(gateway) if gateway else None,
        ip_address(source) if source else None,
    )


def resolve(addresses: Iterable[IPAddress]) -> dict[IPAddress, Route]:
    """The route to each address; addresses without one are left out."""
    found = {}
    with netlink() as netlink_route:
        for address in addresses:
            try:
                messages = list(netlink_route.route("get", dst=str(address)))
            except NetlinkError as error:
                if error.code in _NO_ROUTE:
                    continue
                raise
            route = _route(messages[0]) if messages else None
            if route is not None:
                found[address] = route
    return found


def neighbour_of(message: Any) -> tuple[tuple[int, IPAddress], Neighbour] | None:
    """Decode a neighbour message; None for other families."""
    destination = message.get_attr("NDA_DST")
    if message["family"] not in (socket.AF_INET, socket.AF_INET6) or destination is None:
        return None
    mac = message.get_attr("NDA_LLADDR")
    state = _STATES.get(message["state"], "none")
    return (message["ifindex"], ip_address(destination)), Neighbour(mac, state)


def list_neighbours() -> dict[tuple[int, IPAddress], Neighbour]:
    """The neighbour table by (ifindex, address)."""
    with netlink() as route:
        return dict(filter(None, map(neighbour_of, route.get_neighbours())))


def use(targets: Iterable[tuple[int, IPAddress]]) -> None:
    """Ask the kernel to resolve (or confirm) neighbours, as if it had a packet for them.

    NTF_USE: net/core/neighbour.c, neigh_add(). An interface that is down is no error.
    """
    with netlink() as route:
        for ifindex, address in targets:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            try:
                route.neigh(
                    "replace",
                    dst=str(address),
                    ifindex=ifindex,
                    family=family,
                    flags=_NTF_USE,
                    state=0,
                )
            except NetlinkError as error:
                if error.code not in (errno.ENETDOWN, errno.ENODEV, errno.EINVAL):
                    raise
