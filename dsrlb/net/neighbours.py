# SPDX-License-Identifier: Apache-2.0
"""Whose MAC address the kernel knows, and having it ask."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from dsrlb.errors import NetError
from dsrlb.net import rtnetlink
from dsrlb.net.links import IPAddress

Place = tuple[int, IPAddress]
"""A neighbour: (ifindex, address)."""

_NTF_USE = 0x01
_ABSENT = (errno.ENETDOWN, errno.ENODEV, errno.EINVAL, errno.ENOENT)
_TICKS = os.sysconf("SC_CLK_TCK")  # user space is told times in these
_BELIEVED = 0x02 | 0x04 | 0x08 | 0x10  # reachable, stale, delay, probe: the kernel may be wrong
_FAILED, _PERMANENT = 0x20, 0x80
_RTM_NEWNEIGH, _RTM_GETNEIGH = 28, 30
_ACK, _REPLACE, _CREATE = 0x004, 0x100, 0x400
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


def _entry(message: bytes) -> tuple[Place, int, dict[int, bytes]] | None:
    """(neighbour, state bits, attributes) of a neighbour message; None for other families."""
    family, ifindex, state = struct.unpack_from("=B3xiH", message)
    found = rtnetlink.attributes(message, 12)
    if family not in (socket.AF_INET, socket.AF_INET6) or _NDA_DST not in found:
        return None
    return (ifindex, rtnetlink.address(found[_NDA_DST])), state, found


def neighbour_of(message: bytes) -> tuple[Place, Neighbour] | None:
    """Decode a neighbour message; None for other families."""
    entry = _entry(message)
    if entry is None:
        return None
    place, state, found = entry
    mac = found.get(_NDA_LLADDR)
    return place, Neighbour(mac.hex(":") if mac else None, _STATES.get(state, "none"))


def list_neighbours() -> dict[Place, Neighbour]:
    """The neighbour table. Raises NetError."""
    answers = rtnetlink.dump(_RTM_GETNEIGH, bytes(12), _RTM_NEWNEIGH)
    return dict(filter(None, map(neighbour_of, answers)))


def confirmed(places: Collection[Place]) -> dict[Place, float]:
    """Seconds since the last proof that a neighbour is there, of those among ``places`` that the
    kernel believes in.

    Permanent entries and those without an answer are left out. Raises NetError.
    """
    table = {}
    for place, state, found in _entries(places):
        if state & _BELIEVED and _NDA_CACHEINFO in found:
            (age,) = struct.unpack_from("=I", found[_NDA_CACHEINFO])
            table[place] = age / _TICKS
    return table


def _entries(places: Iterable[Place]) -> Iterator[tuple[Place, int, dict[int, bytes]]]:
    """As _entry(), of those among ``places`` that the kernel has one of."""
    questions = [_question(place, 0, 0) for place in places]
    for answer in rtnetlink.ask(_RTM_GETNEIGH, questions):
        entry = None if isinstance(answer, int) else _entry(answer)
        if entry is not None:
            yield entry


def _question(place: Place, state: int, flags: int) -> bytes:
    """About a neighbour."""
    ifindex, address = place
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    head = struct.pack("=B3xiHBB", family, ifindex, state, flags, 0)
    return head + rtnetlink.attribute(_NDA_DST, address.packed)


def _set(places: Iterable[Place], state: int, flags: int) -> int:
    """One request per neighbour. That it is not there, or its interface is down, is no error;
    returns how many the kernel's table had no room for."""
    questions = [_question(place, state, flags) for place in places]
    full = 0
    for answer in rtnetlink.ask(_RTM_NEWNEIGH, questions, _ACK | _REPLACE | _CREATE):
        if answer == errno.ENOBUFS:
            full += 1
        elif isinstance(answer, int) and answer and answer not in _ABSENT:
            raise NetError(f"netlink: a neighbour is refused: {os.strerror(answer)}")
    return full


def use(targets: Iterable[Place]) -> int:
    """Ask the kernel to resolve (or confirm) neighbours, as if it had a packet for them. Returns
    for how many its table has no room (gc_thresh3), which it may have later. Raises NetError.

    NTF_USE: net/core/neighbour.c, __neigh_update(), which makes a permanent entry one without a
    MAC address. There is nothing to ask about those.
    """
    places = list(targets)
    permanent = {place for place, state, _ in _entries(places) if state & _PERMANENT}
    return _set((place for place in places if place not in permanent), 0, _NTF_USE)


def give_up(targets: Iterable[Place]) -> None:
    """Tell the kernel that neighbours do not answer: it asks anew before it sends them anything,
    and tells everybody who listens that they have failed. Raises NetError."""
    _set(targets, _FAILED, 0)
