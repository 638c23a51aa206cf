# SPDX-License-Identifier: Apache-2.0
"""A Linux bridge of two ports, and what crosses it, in both directions.

The stations at its ends have no addresses: nothing is sent but what the test sends.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.foreign import frames
from tests.lab.foreign.names import STATION_MAC
from tests.lab.foreign.network import Capture
from tests.lab.plain import PREFIX, Namespace, kill_in, run
from tests.waiting import wait_until

BRIDGE, PORTS = "br0", ("clients", "reals")
OWN4, OWN6 = "10.78.0.200", "fd78::200"  # the bridge's
_MACS = {"clients": STATION_MAC, "reals": "02:00:00:00:02:51"}
_OWN_MACS = {"clients": "02:00:00:00:04:01", "reals": "02:00:00:00:04:02"}
_OFF = ("rx", "tx", "sg", "gso", "tso", "gro", "rxvlan", "txvlan")
_BATCH = 200  # of a veth's queue of 256
_BPDU = "01:80:c2:00:00:{:02x}"


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def crossing(side: str) -> list[bytes]:
    """What a side sends: all that is for no VIP, and to each of the link's own groups."""
    source = _mac(_MACS[side])
    found = [frame for _, frame in frames.foreign()]
    found += [frames.ether(0x88B6, b"of the link's own group", _BPDU.format(n)) for n in range(16)]
    station = _mac(STATION_MAC)
    return [frame[:6] + source + frame[12:] if frame[6:12] == station else frame for frame in found]


@dataclass
class Across:
    """What the other side, the sender itself and the bridge's host received of it."""

    received: dict[str, list[bytes]]  # by sender
    back: dict[str, list[bytes]]
    learnt: set[tuple[str, str]]  # MAC address, port


class Bridged:
    """The bridge's host, and a station on each side."""

    def __init__(self, tag: str, folder: Path) -> None:
        self.host = Namespace(f"{PREFIX}{tag}-bridge")
        self.stations = {side: Namespace(f"{PREFIX}{tag}-{side}") for side in PORTS}
        self._folder = folder
        self._marks = 0

    def up(self) -> None:
        """Build it."""
        everything = (self.host, *self.stations.values())
        run("ip", "-batch", "-", given="\n".join(f"netns add {one.name}" for one in everything))
        for one in self.stations.values():
            one.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        one_queue = "numtxqueues 1 numrxqueues 1"  # frames stay in order
        self.host.batch(
            "link set lo up",
            f"link add {BRIDGE} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
        )
        for side, one in self.stations.items():
            near = f"link add {side} address {_OWN_MACS[side]} {one_queue} type veth"
            far = f"peer name eth0 address {_MACS[side]} {one_queue} netns {one.name}"
            self.host.batch(f"{near} {far}", f"link set {side} master {BRIDGE} up")
            self.host.run("sysctl", "-qw", f"net.ipv6.conf.{side}.disable_ipv6=1")
            offloads = [word for name in _OFF for word in (name, "off")]
            self.host.run("ethtool", "-K", side, *offloads)
            one.run("ethtool", "-K", "eth0", *offloads)
            one.batch("link set lo up", "link set eth0 arp off up promisc on")
        self.host.batch(
            f"link set {BRIDGE} up",
            f"address add {OWN4}/24 dev {BRIDGE}",
            f"address add {OWN6}/64 dev {BRIDGE} nodad",
        )
        wait_until("the ports forward", self._forwards)

    def _forwards(self) -> bool:
        return self.host.run("bridge", "link").count("state forwarding") == len(PORTS)

    def observe(self) -> Across:
        """Let each side send everything."""
        received, back = {}, {}
        for side, other in (PORTS, PORTS[::-1]):
            received[side], back[side] = self._send(side, other)
        shown = self.host.run("bridge", "fdb", "show", "br", BRIDGE).splitlines()
        words = [line.split() for line in shown if "permanent" not in line]
        return Across(received, back, {(line[0], line[2]) for line in words})

    def _send(self, side: str, other: str) -> tuple[list[bytes], list[bytes]]:
        """What arrives at the other side, and what comes back."""
        files = [self._folder / f"{side}-at-{at}.pcap" for at in (other, side)]
        captures = [
            Capture(self.stations[at], file) for at, file in zip((other, side), files, strict=True)
        ]
        try:
            with self.stations[side].call(_open) as raw:
                waiting = crossing(side)
                own = os.sched_getaffinity(0)
                os.sched_setaffinity(0, {min(own)})  # each CPU has a queue of its own
                try:
                    while waiting:
                        for frame in waiting[:_BATCH]:
                            raw.send(frame)
                        del waiting[:_BATCH]
                        self._mark(raw, side, captures[0])
                finally:
                    os.sched_setaffinity(0, own)
            for capture in captures:
                capture.stop()
        finally:
            for capture in captures:
                capture.kill()
        there, back = ([f for f in one.frames() if self._is_sent(f)] for one in captures)
        return there, back

    @staticmethod
    def _is_sent(frame: bytes) -> bool:
        """Not of the bridge's host, nor a mark?"""
        return frame[6:12] not in map(_mac, _OWN_MACS.values()) and frame[12:14] != b"\x88\xb5"

    def _mark(self, raw: socket.socket, side: str, there: Capture) -> None:
        """Send a frame that nobody else sends, and wait for it."""
        self._marks += 1
        mark = b"\xff" * 6 + _mac(_MACS[side]) + b"\x88\xb5" + self._marks.to_bytes(4, "big")
        mark += bytes(42)
        raw.send(mark)
        wait_until("the other side has received the frames", lambda: there.has(mark))

    def down(self) -> None:
        """Remove everything, whatever there is of it."""
        for one in (self.host, *self.stations.values()):
            if Path("/run/netns", one.name).exists():
                kill_in(one.name)
                run("ip", "netns", "del", one.name)


def _open() -> socket.socket:
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind(("eth0", 0))
    return sender


@contextmanager
def bridged(tag: str, folder: Path) -> Iterator[Bridged]:
    """Such a bridge, built and removed."""
    made = Bridged(tag, folder)
    try:
        made.up()
        yield made
    finally:
        made.down()


def difference(got: Sequence[bytes], expected: Sequence[bytes]) -> str:
    """The first frame that is not the same."""
    for number, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            return f"frame {number}:\nwith    {one.hex()}\nwithout {other.hex()}"
    if len(got) == len(expected):
        return ""
    return f"{len(got)} frames with, {len(expected)} without"
