# SPDX-License-Identifier: Apache-2.0
"""Whose MAC address the kernel knows, and having it ask."""

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

from dsrlb.net import rtnetlink
from dsrlb.net.links import IPAddress, netlink

Place = tuple[int, IPAddress]
"""A neighbour: (ifindex, address)."""

_NTF_USE = 0x01
_ABSENT = (errno.ENETDOWN, errno.ENODEV, errno.EINVAL, errno.ENOENT)
_TICKS = os.sysconf("SC_CLK_TCK")  # user space is told times in these
_BELIEVED = 0x02 | 0x04 | 0x08 | 0x10  # reachable, stale, delay, probe: the kernel may be wrong
_RTM_NEWNEIGH, _RTM_GETNEIGH = 28, 30
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO = 1, 2, 3
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
class Neighbour:
    """An entry of the neighbour table; ``state`` as `ip neigh` names it, in lower case."""

    mac: str | None
    state: str


def neighbour_of(message: Any) -> tuple[Place, Neighbour] | None:
    """Decode a neighbour message of pyroute2's; None for other families."""
    destination = message.get_attr("NDA_DST")
    if message["family"] not in (socket.AF_INET, socket.AF_INET6) or destination is None:
        return None
    mac = message.get_attr("NDA_LLADDR")
    state = _STATES.get(message["state"], "none")
    return (message["ifindex"], ip_address(destination)), Neighbour(mac, state)


def _table() -> Iterator[tuple[Place, int, dict[int, bytes]]]:
    """(neighbour, state bits, attributes) of each entry of the kernel's tables."""
    for message in rtnetlink.dump(_RTM_GETNEIGH, bytes(12), _RTM_NEWNEIGH):
        family, ifindex, state = struct.unpack_from("=B3xiH", message)
        found = rtnetlink.attributes(message, 12)
        if family in (socket.AF_INET, socket.AF_INET6) and _NDA_DST in found:
            yield (ifindex, rtnetlink.address(found[_NDA_DST])), state, found


def list_neighbours() -> dict[Place, Neighbour]:
    """The neighbour table. Raises NetError."""
    table = {}
    for place, state, found in _table():
        mac = found.get(_NDA_LLADDR)
        table[place] = Neighbour(mac.hex(":") if mac else None, _STATES.get(state, "none"))
    return table


def confirmed() -> dict[Place, float]:
    """Seconds since the last proof that a neighbour is there, of those the kernel believes in.

    Permanent entries and those without an answer are left out. Raises NetError.
    """
    table = {}
    for place, state, found in _table():
        if state & _BELIEVED and _NDA_CACHEINFO in found:
            (age,) = struct.unpack_from("=I", found[_NDA_CACHEINFO])
            table[place] = age / _TICKS
    return table


def _neigh(command: str, targets: Iterable[Place], **what: Any) -> None:
    """One request per neighbour. That it is not there, or its interface is down, is no error."""
    with netlink() as route:
        for ifindex, address in targets:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            try:
                route.neigh(command, dst=str(address), ifindex=ifindex, family=family, **what)
            except NetlinkError as error:
                if error.code not in _ABSENT:
                    raise


def use(targets: Iterable[Place]) -> None:
    """Ask the kernel to resolve (or confirm) neighbours, as if it had a packet for them.

    NTF_USE: net/core/neighbour.c, neigh_add().
    """
    _neigh("replace", targets, flags=_NTF_USE, state=0)


def give_up(targets: Iterable[Place]) -> None:
    """Tell the kernel that neighbours do not answer: it asks anew before it sends them anything,
    and tells everybody who listens that they have failed."""
    _neigh("set", targets, state="failed")
