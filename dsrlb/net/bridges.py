# SPDX-License-Identifier: Apache-2.0
"""Kernel bridges: what they are set to, which port leads to whom, and keeping that known.

What the XDP program redirects passes the bridge by, which therefore neither learns from it nor
lets the entries that it has learnt live longer.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsrlb.config import Bridge
from dsrlb.errors import NetError
from dsrlb.net import rtnetlink
from dsrlb.net.links import Link, number, told_of_links
from dsrlb.net.rtnetlink import attribute

STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
"""Of a port, by number (uapi/linux/if_bridge.h)."""
FORWARDING = STATES.index("forwarding")

Present = Mapping[str, Link]
"""The interfaces of this host, by name."""

_RTM_NEWNEIGH, _RTM_GETNEIGH = 28, 30
_BR_AGEING, _BR_VLANS = 4, 7
_NDA_LLADDR, _NDA_CACHEINFO, _NDA_VLAN, _NDA_MASTER = 2, 3, 5, 9
_NTF_USE, _NTF_MASTER, _NTF_EXT_LEARNED = 0x01, 0x04, 0x10
_REACHABLE, _STALE = 0x02, 0x04
_ACK, _EXCLUSIVE, _CREATE = 0x004, 0x200, 0x400
_TICKS = os.sysconf("SC_CLK_TCK")  # user space is told times in these
# The port, the bridge or the VLAN went meanwhile; the port does not learn; another one has it.
_NOT_NOW = (0, errno.ENODEV, errno.EINVAL, errno.EPERM, errno.EEXIST, errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Settings:
    """Of a bridge. ``ageing``: seconds after which it forgets a station that is not heard;
    ``vlans``: it keeps VLANs apart (vlan_filtering)."""

    ageing: float
    vlans: bool


@dataclass(frozen=True, slots=True)
class Station:
    """An entry of a bridge's table (FDB): behind which port (ifindex; the bridge's own: itself) a
    MAC address is. ``vlan`` 0: of no VLAN; ``learnt``: it ages; ``unheard``: seconds since it was
    made, moved or refreshed."""

    bridge: int
    mac: str
    vlan: int
    port: int
    learnt: bool = True
    unheard: float = 0.0


def ports_of(bridges: Iterable[Bridge], present: Present) -> list[Link]:
    """The ports of [[bridge]]s that are in their bridge now."""
    return [
        present[name]
        for bridge in bridges
        for name in bridge.ports
        if name in present
        and bridge.name in present
        and present[name].master == present[bridge.name].ifindex
    ]


def port_trouble(bridge: Bridge, device: Link, present: Present) -> tuple[str, str] | None:
    """What is wrong with one of the two ports of a [[bridge]], and what to do; None: nothing.
    ``device``: the kernel's. That one goes on with what it carries; the XDP program carries nothing
    between such ports."""
    for name in (bridge.reals_on, bridge.clients_on):
        port = present.get(name)
        if port is None:
            return f"{name} is not there", "mode bridge needs both ports"
        if port.master != device.ifindex:
            advice = f"ip link set {name} master {bridge.name}"
            return f"{name} is not a port of {bridge.name}", advice
        if port.up and port.port_state not in (None, FORWARDING):
            says = f"{name}, a port of {bridge.name}, is {_state(port)} and does not forward"
            return says, f"spanning tree, or whoever set it: `bridge link show dev {name}`"
    return None


def _state(port: Link) -> str:
    state = port.port_state
    return STATES[state] if state is not None and state < len(STATES) else f"in state {state}"


def list_bridges() -> dict[int, Settings]:
    """The bridges by ifindex. Raises NetError."""
    return {
        one.ifindex: Settings(
            number(one.data, _BR_AGEING) / _TICKS, bool(number(one.data, _BR_VLANS))
        )
        for one in told_of_links()
        if one.kind == "bridge"
    }


def list_stations(bridges: Collection[int]) -> list[Station]:
    """The tables of bridges (by ifindex). Raises NetError."""
    if not bridges:
        return []
    question = struct.pack("=B11x", socket.AF_BRIDGE)
    answers = rtnetlink.dump(_RTM_GETNEIGH, question, _RTM_NEWNEIGH)
    return [
        station for station in map(station_of, answers) if station and station.bridge in bridges
    ]


def station_of(message: bytes) -> Station | None:
    """Decode a neighbour message; None of what is not a bridge's, such as the multicast filter of
    an interface."""
    family, port, state, flags = struct.unpack_from("=B3xiHB", message)
    found = rtnetlink.attributes(message, 12)
    if family != socket.AF_BRIDGE or _NDA_MASTER not in found or _NDA_LLADDR not in found:
        return None
    (bridge,) = struct.unpack("=I", found[_NDA_MASTER])
    vlan = struct.unpack("=H", found[_NDA_VLAN])[0] if _NDA_VLAN in found else 0
    updated = struct.unpack_from("=8xI", found[_NDA_CACHEINFO])[0] if _NDA_CACHEINFO in found else 0
    learnt = _ages(state, flags)
    return Station(bridge, found[_NDA_LLADDR].hex(":"), vlan, port, learnt, updated / _TICKS)


def _ages(state: int, flags: int) -> bool:
    """What was configured has other states, and what a switch chip learnt it keeps itself."""
    return state in (_REACHABLE, _STALE) and not flags & _NTF_EXT_LEARNED


def refresh(stations: Sequence[Station]) -> None:
    """Let entries live as if the station had just been heard (NTF_USE: net/bridge/br_fdb.c,
    br_fdb_update()). They would be moved to the port that is named: look before. Raises NetError.
    """
    _add(stations, _NTF_MASTER | _NTF_USE, _CREATE)


def put_back(stations: Sequence[Station]) -> None:
    """Make entries that age, as if they had been learnt. One that is there by now, on whatever
    port, stays as it is. Raises NetError."""
    _add(stations, _NTF_MASTER, _CREATE | _EXCLUSIVE)


def _add(stations: Sequence[Station], flags: int, how: int) -> None:
    questions = [_question(station, flags) for station in stations]
    for station, answer in zip(stations, _answers(questions, how), strict=True):
        if answer not in _NOT_NOW:
            why = os.strerror(answer)
            raise NetError(f"bridge: cannot keep {station.mac} in its table: {why}")


def _answers(questions: Sequence[bytes], how: int) -> Iterator[int]:
    for answer in rtnetlink.ask(_RTM_NEWNEIGH, questions, _ACK | how):
        yield answer if isinstance(answer, int) else 0


def _question(station: Station, flags: int) -> bytes:
    """RTM_NEWNEIGH."""
    family = socket.AF_BRIDGE
    head = struct.pack("=B3xiHBB", family, station.port, _REACHABLE, flags, 0)
    mac = attribute(_NDA_LLADDR, bytes.fromhex(station.mac.replace(":", "")))
    vlan = attribute(_NDA_VLAN, struct.pack("=H", station.vlan)) if station.vlan else b""
    return head + mac + vlan
