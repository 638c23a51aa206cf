# SPDX-License-Identifier: Apache-2.0
"""Where the kernel would send a packet, and whose MAC address it knows."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.errors import NetError
from dsrlb.net.links import IPAddress, netlink

_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL)
_NTF_USE = 0x01
_ABSENT = (errno.ENETDOWN, errno.ENODEV, errno.EINVAL, errno.ENOENT)
_TICKS = os.sysconf("SC_CLK_TCK")  # user space is told times in these
_BELIEVED = 0x02 | 0x04 | 0x08 | 0x10  # reachable, stale, delay, probe: the kernel may be wrong
_RTM_NEWNEIGH, _RTM_GETNEIGH, _NLMSG_ERROR, _NLMSG_DONE = 28, 30, 2, 3
_NLM_F_REQUEST_DUMP = 0x301
_NDA_DST, _NDA_CACHEINFO = 1, 3
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


def _dump_neighbours() -> Iterator[bytes]:
    """The kernel's RTM_NEWNEIGH messages, without their netlink headers (rtnetlink(7))."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as channel:
        request = struct.pack("=IHHII", 28, _RTM_GETNEIGH, _NLM_F_REQUEST_DUMP, 1, 0)
        channel.sendto(request + bytes(12), (0, 0))
        while True:
            data, place = channel.recv(1 << 16), 0
            while place < len(data):
                size, message = struct.unpack_from("=IH", data, place)
                if message == _NLMSG_DONE:
                    return
                if message == _NLMSG_ERROR:
                    (error,) = struct.unpack_from("=i", data, place + 16)
                    raise OSError(-error, os.strerror(-error))
                if message == _RTM_NEWNEIGH:
                    yield data[place + 16 : place + size]
                place += (size + 3) & ~3


def confirmed() -> dict[tuple[int, IPAddress], float]:
    """Seconds since the last proof that a neighbour is there, of those the kernel believes in.

    Permanent entries and those without an answer are left out. Read by hand: this runs several
    times a second, and pyroute2 takes 70 µs an entry. Raises NetError.
    """
    found = {}
    try:
        for message in _dump_neighbours():
            ifindex, state = struct.unpack_from("=iH", message, 4)
            attributes = {}
            place = 12
            while place + 4 <= len(message):
                size, kind = struct.unpack_from("=HH", message, place)
                attributes[kind] = message[place + 4 : place + size]
                place += max(4, (size + 3) & ~3)
            if state & _BELIEVED and _NDA_DST in attributes and _NDA_CACHEINFO in attributes:
                (age,) = struct.unpack_from("=I", attributes[_NDA_CACHEINFO])
                found[ifindex, ip_address(attributes[_NDA_DST])] = age / _TICKS
    except OSError as error:
        raise NetError(f"netlink: cannot list neighbours: {error.strerror}") from error
    return found


def _neigh(command: str, targets: Iterable[tuple[int, IPAddress]], **what: Any) -> None:
    """One request per neighbour. That it is not there, or its interface is down, is no error."""
    with netlink() as route:
        for ifindex, address in targets:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            try:
                route.neigh(command, dst=str(address), ifindex=ifindex, family=family, **what)
            except NetlinkError as error:
                if error.code not in _ABSENT:
                    raise


def use(targets: Iterable[tuple[int, IPAddress]]) -> None:
    """Ask the kernel to resolve (or confirm) neighbours, as if it had a packet for them.

    NTF_USE: net/core/neighbour.c, neigh_add().
    """
    _neigh("replace", targets, flags=_NTF_USE, state=0)


def give_up(targets: Iterable[tuple[int, IPAddress]]) -> None:
    """Tell the kernel that neighbours do not answer: it asks anew before it sends them anything,
    and tells everybody who listens that they have failed."""
    _neigh("set", targets, state="failed")
