# SPDX-License-Identifier: Apache-2.0
"""One run: everything is sent to the host, and what it got, answered and believed is noted."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.lab.echo import reachable
from tests.lab.foreign import frames
from tests.lab.foreign.answers import answers
from tests.lab.foreign.errors import SHRUNK_TO, too_big4, too_big6
from tests.lab.foreign.names import (
    ADVERTISED6,
    FAR4,
    FAR6,
    MOVED4,
    MOVED6,
    PEER_MAC,
    PORT,
    SHRUNK4,
    SHRUNK6,
    TARGETS,
    TINY4,
    TINY6,
)
from tests.lab.foreign.network import Capture, Segment
from tests.lab.foreign.packets4 import Named, pattern
from tests.lab.plain import Namespace
from tests.waiting import wait_until

NARROW = {target.name: 1400 - 50 * number for number, target in enumerate(TARGETS, 1)}
"""The MTUs that connections to the host's addresses are told of."""
_PEER = bytes.fromhex(PEER_MAC.replace(":", ""))

# Neighbour discovery, MLD and what counts them go by the kernel's timers, and by the daemon's.
_UNSTEADY = ("Octets", "Neighbor", "MLD", "GroupMemb", "Type13", "Type143", "ECT", "Mcast")
_UNSTEADY6 = ("Ip6In", "Ip6Out", "Icmp6InMsgs", "Icmp6OutMsgs")
_STEADY6 = ("Ip6InHdrErrors", "Ip6InAddrErrors", "Ip6InUnknownProtos", "Ip6InTruncatedPkts")


@cache
def sent() -> list[Named]:
    """All that the host and the balancer leave alone, in the order in which it is sent."""
    return [*frames.foreign(), *frames.about_tunnels(), *frames.to_other_hosts()]


@dataclass
class Observed:
    """What a run has shown."""

    received: list[bytes] = field(default_factory=list)
    queue: str = ""
    answers: Counter[bytes] = field(default_factory=Counter)
    believed: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    said: dict[str, bool] = field(default_factory=dict)
    narrow: dict[str, int] = field(default_factory=dict)
    to_vips: list[bytes] = field(default_factory=list)


def foreign_frames(captured: Iterable[bytes]) -> list[bytes]:
    """What the test has sent of the frames that the host has received."""
    return [frame for frame in captured if frame[6:12] != _PEER and not Segment.is_mark(frame)]


def _counters() -> dict[str, int]:
    """What the kernel counts of a namespace's IP, ICMP and UDP."""
    found: dict[str, int] = {}
    lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    for names, values in pairwise(lines):
        (protocol, *words), (same, *numbers) = names.split(), values.split()
        if protocol == same and protocol not in ("Tcp:", "IcmpMsg:") and words[0].isalpha():
            found.update({protocol + word: int(n) for word, n in zip(words, numbers, strict=True)})
    for line in Path("/proc/thread-self/net/snmp6").read_text().splitlines():
        name, number = line.split()
        steady = name in _STEADY6 or not name.startswith(_UNSTEADY6)
        if steady and not any(word in name for word in _UNSTEADY):
            found[name] = int(number)
    return found


def _believed(segment: Segment) -> dict[str, Any]:
    """What the host has made of what it was told."""
    macs = {one["dst"]: one.get("lladdr") for one in segment.shown("neighbour")}
    (eth0,) = segment.shown("-6", "address", "show", "dev", "eth0")
    (far4,), (far6,) = (segment.shown("route", "get", far) for far in (FAR4, FAR6))
    return {
        "macs": [macs[MOVED4], macs[MOVED6]],
        "addresses": sorted(one["local"] for one in eth0["addr_info"]),
        "routers": [far4["gateway"], far6["gateway"]],
        "mtus": [segment.path_mtu(one) for one in (SHRUNK4, SHRUNK6, TINY4, TINY6, FAR4, FAR6)],
    }


def _udp(address: str, length: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.settimeout(3)
        channel.connect((address, PORT))
        channel.send(pattern(length))
        return channel.recv(65536) == pattern(length)


def _echoed(connection: socket.socket, length: int) -> bool:
    """Does the service give back so many bytes? They fit into the buffers of both ends."""
    connection.sendall(pattern(length))
    got = b""
    while len(got) < length and (part := connection.recv(65536)):
        got += part
    return got == pattern(length)


def _tcp(address: str) -> bool:
    with socket.create_connection((address, PORT), timeout=3) as connection:
        return _echoed(connection, 50_000)


def _talk(peer: Namespace) -> dict[str, bool]:
    """Real clients of the host, at all of its addresses."""
    said = {}
    for address in (*(one for target in TARGETS for one in (target.v4, target.v6)), ADVERTISED6):
        said[f"ping {address}"] = reachable(peer, address)
        if address != ADVERTISED6:
            said[f"TCP {address}"] = peer.call(_tcp, address)
            said[f"UDP {address}"] = peer.call(_udp, address, 100)
            said[f"UDP in fragments {address}"] = peer.call(_udp, address, 4000)
    return said


def _segments(captured: Iterable[bytes], client: int) -> list[bytes]:
    """The IP packets of the host's service to a client's port, in order."""
    found = []
    for frame in captured:
        l4 = 34 if frame[12:14] == b"\x08\x00" else 54
        ports = PORT.to_bytes(2, "big") + client.to_bytes(2, "big")
        if frame[l4 : l4 + 4] == ports and frame[l4 - (11 if l4 == 34 else 34)] == 6:
            found.append(frame[14:])
    return found


def _next(packet: bytes) -> bytes:
    """The segment behind one of one byte: TCP believes only what is of bytes in flight."""
    at = 24 if packet[0] >> 4 == 4 else 44
    sequence = int.from_bytes(packet[at : at + 4], "big") + 1
    return packet[:at] + (sequence & 0xFFFFFFFF).to_bytes(4, "big") + packet[at + 4 :]


def _narrow(segment: Segment, at_host: Capture, at_peer: Capture, address: str, mtu: int) -> int:
    """Tell the host of a smaller MTU under a connection; returns its largest packet after that."""
    six = ":" in address
    with segment.peer.call(socket.create_connection, (address, PORT), 3) as connection:
        assert _echoed(connection, 1)
        peer, client, *_ = connection.getsockname()
        packets = wait_until(
            "the answer was captured",
            lambda: [one for one in _segments(at_peer.frames(), client) if one[-1:] == pattern(1)],
        )
        told = (too_big6 if six else too_big4)(address, _next(packets[-1]), mtu)
        before = len(_segments(at_peer.frames(), client))
        segment.send([frames.ether(0x86DD if six else 0x0800, told)], at_host)
        wait_until("the host believes the MTU", lambda: segment.path_mtu(peer) == mtu)
        assert _echoed(connection, 20_000)
        wait_until(
            "the packets were captured",
            lambda: sum(map(len, _segments(at_peer.frames(), client)[before:])) > 20_000,
        )
    return max(map(len, _segments(at_peer.frames(), client)[before:]))


def _settle(segment: Segment, at_host: Capture, at_peer: Capture) -> None:
    """Wait until the service has answered everything: it answers each address's in order."""
    last = frames.last_words()
    segment.send(last.values(), at_host)
    wait_until("the service has answered", lambda: all(map(at_peer.has, last)))


def observe(segment: Segment) -> Observed:
    """Send everything; the host may or may not run dsrlb."""
    seen = Observed()
    at_host, at_peer = segment.capture()
    segment.send((frame for _, frame in sent()), at_host)
    seen.received, seen.queue = foreign_frames(at_host.frames()), segment.queue()
    wait_until(
        "the MTUs are believed",
        lambda: segment.path_mtu(SHRUNK4) == segment.path_mtu(SHRUNK6) == SHRUNK_TO,
    )
    segment.send([frame for _, frame in frames.to_advertised()], at_host)
    _settle(segment, at_host, at_peer)
    seen.believed = _believed(segment)
    seen.counts = segment.host.call(_counters)
    seen.answers = answers(at_peer.frames())
    seen.said = _talk(segment.peer)
    for target in TARGETS:
        for address in (target.v4, target.v6):
            mtu = NARROW[target.name]
            seen.narrow[address] = _narrow(segment, at_host, at_peer, address, mtu)
    at_host.stop()
    at_peer.stop()
    return seen


def observe_vips(segment: Segment) -> list[bytes]:
    """What the host receives of frames to VIPs."""
    at_host, _ = segment.capture()
    segment.send((frame for _, frame in frames.to_vips()), at_host)
    return foreign_frames(at_host.frames())
