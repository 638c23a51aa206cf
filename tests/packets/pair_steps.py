# SPDX-License-Identifier: Apache-2.0
"""Steps of the tests of flows whose replies come back: a client, a service, and its real server."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.packets import generate
from tests.packets.harness import MAC, OTHER_MAC, Program, mac_of
from tests.packets.model import Outcome
from tests.packets.model.types import IP
from tests.packets.tables import REVERSE

SYN, SYN_ACK, ACK, DATA, FIN, RST = 0x02, 0x12, 0x10, 0x18, 0x11, 0x04
TICK = 0.134217728
"""Seconds."""


@dataclass(frozen=True)
class Place:
    """A service of cases/paired_services.py: its port, its real server and that one's port, and
    whether that one is behind out0."""

    mode: str
    port: int
    real: int
    real_port: int
    far: bool


TCP = {
    "bridge": Place("bridge", 130, 61, 8080, far=True),
    "router": Place("router", 131, 62, 8080, far=True),
    "one-arm": Place("one-arm", 132, 63, 8080, far=False),
    "nat": Place("nat", 133, 64, 8080, far=True),
}
UDP = {
    "bridge": Place("bridge", 130, 61, 130, far=True),
    "router": Place("router", 131, 62, 131, far=True),
    "one-arm": Place("one-arm", 132, 63, 132, far=False),
    "nat": Place("nat", 133, 64, 133, far=True),
}


@dataclass
class Connection:
    """A client's port and a service; ``seen_as``: address and port that the real server sees."""

    program: Program
    place: Place
    family: int
    protocol: int
    port: int = 1000
    client: IP | None = None
    seen_as: tuple[IP, int] = field(init=False)
    neighbour: bytes = generate.CLIENT_MAC
    last: Outcome | None = None  # of its packets

    def __post_init__(self) -> None:
        v4 = self.family == 4
        if self.client is None:
            self.client = ip_address("10.1.0.1" if v4 else "fd01::1")
        self.vip: IP = ip_address("192.0.2.10" if v4 else "2001:db8::10")
        number = self.place.real
        self.real: IP = ip_address(f"10.0.0.{number}" if v4 else f"fd00::{number}")
        self.seen_as = self.client, self.port

    def _message(
        self, source: int, destination: int, flags: int, data: bytes, options: bytes = b""
    ) -> bytes:
        if self.protocol == 17:
            return generate.udp(source, destination, data or b"?")
        data = data or (b"!" if flags == DATA else b"")
        return generate.tcp(source, destination, flags, data, options=options)

    def _run(
        self, source: IP, destination: IP, message: bytes, link: int, macs: tuple[bytes, bytes]
    ) -> Outcome:
        make = generate.ipv4 if self.family == 4 else generate.ipv6
        kind = 0x0800 if self.family == 4 else 0x86DD
        packet = make(source, destination, self.protocol, message)
        sent = generate.frame(packet, kind, to=macs[0], source=macs[1])
        self.last = self.program.run(sent, link)
        return self.last

    def request(self, flags: int = ACK, data: bytes = b"", options: bytes = b"") -> str:
        """The client sends something. Returns the reason."""
        assert self.client is not None
        message = self._message(self.port, self.place.port, flags, data, options)
        got = self._run(self.client, self.vip, message, 1, (MAC, self.neighbour))
        if got.reason == "forwarded":
            ip = got.frame[14:]
            source = ip[12:16] if self.family == 4 else ip[8:24]
            at = 20 if self.family == 4 else 40
            self.seen_as = ip_address(source), int.from_bytes(ip[at : at + 2], "big")
        return got.reason

    def reply(self, flags: int = ACK, data: bytes = b"", options: bytes = b"") -> str:
        """The real server sends something. Returns the reason."""
        client, port = self.seen_as
        message = self._message(self.place.real_port, port, flags, data, options)
        link, mac = (2, OTHER_MAC) if self.place.far else (1, MAC)
        if self.place.mode == "bridge":
            mac = generate.CLIENT_MAC
        macs = (mac, mac_of(str(self.real)))
        got = self._run(self.real, client, message, link, macs)
        if got.reason == "forwarded-reply":
            ip = got.frame[14:]
            assert self.client is not None
            ends = self.vip.packed + self.client.packed
            assert (ip[12:20] if self.family == 4 else ip[8:40]) == ends
            at = 20 if self.family == 4 else 40
            ports = self.place.port.to_bytes(2, "big") + self.port.to_bytes(2, "big")
            assert ip[at : at + 4] == ports
        return got.reason

    def open(self) -> None:
        """A handshake, or a query and its answer."""
        if self.protocol == 17:
            seen = [self.request(), self.reply()]
        else:
            seen = [self.request(SYN), self.reply(SYN_ACK), self.request(ACK)]
        wanted = ["forwarded", "forwarded-reply", "forwarded"][: len(seen)]
        assert seen == wanted, f"{self}: {seen}"


def pass_time(program: Program, seconds: float) -> None:
    """Let time go by for all flows."""
    program.tables.age(round(seconds / TICK))


def states(program: Program) -> dict[str, list[str]]:
    """Of forward halves, by table."""
    found: dict[str, list[str]] = {}
    for entry in program.tables.entries():
        if not entry.meta & REVERSE:
            found.setdefault(entry.table, []).append(entry.state)
    return {table: sorted(those) for table, those in sorted(found.items())}


def halves(program: Program) -> int:
    """How many reverse halves there are."""
    return sum(bool(entry.meta & REVERSE) for entry in program.tables.entries())
