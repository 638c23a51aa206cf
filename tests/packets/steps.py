# SPDX-License-Identifier: Apache-2.0
"""Steps of the tests of flows and schedules: a packet, and where it must go, byte for byte."""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import ip_address

from tests.packets import generate
from tests.packets.cases import flows as f
from tests.packets.cases.flows import TO_BALANCER
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Outcome

SYN, SYN_ACK, ACK, PSH_ACK, FIN_ACK, RST = 0x02, 0x12, 0x10, 0x18, 0x11, 0x04
"""TCP flags."""

PENDING, IDLE, CLOSING, UDP_IDLE = 75, 6706, 224, 448
"""The default timeouts (10 s, 15 min, 30 s, 60 s) in ticks of 2^27 ns, rounded up."""


def config(*reals: str, more: str = "", keys: str = "") -> str:
    """Port 80 (TCP) and 53 (UDP) of both VIPs, served by ``reals``: lines of TOML tables."""
    listed = "\n".join(f"[[group.real]]\n{real}" for real in reals)
    return f"""
[balancer]
interfaces = ["in0", "out0"]
[[group]]
name = "all"
{listed}
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "all"
{keys}
[[service]]
name = "dns"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 53
mode = "l2dsr"
group = "all"
{more}
"""


A = 'address = ["10.0.0.11", "fd00::11"]'
B = 'address = ["10.0.0.12", "fd00::12"]'
C = 'address = ["10.0.0.13", "fd00::13"]'


def forwarded(
    program: Program, packet: bytes, to: bytes, *, head: bytes = TO_BALANCER, verdict: str = "tx"
) -> None:
    """``packet`` goes on behind the Ethernet header ``to``."""
    expected = Outcome(verdict, "forwarded", to + packet)
    check("forwarded", head + packet, expected, program.run(head + packet))


def refused(
    program: Program,
    packet: bytes,
    reason: str,
    *,
    head: bytes = TO_BALANCER,
    verdict: str = "drop",
) -> None:
    """``packet`` is dropped, or passed, as it is."""
    expected = Outcome(verdict, reason, head + packet)
    check(reason, head + packet, expected, program.run(head + packet))


def states(program: Program) -> dict[str, list[str]]:
    """States of the flows, by table; empty tables are left out."""
    return program.tables.states()


def expiries(program: Program) -> list[int]:
    """Ticks at which flows end."""
    return [entry.meta >> 32 for entry in program.tables.entries()]


def age(program: Program, ticks: int) -> None:
    """Let ``ticks`` (of 2^27 ns) go by for every flow."""
    program.tables.age(ticks)


def tick() -> int:
    """Now, by the clock that flows expire by; the program's is a coarse one, up to 2 behind."""
    return time.monotonic_ns() >> 27


@dataclass(frozen=True)
class Family:
    """Packets of one family, and the Ethernet headers to balancer and real servers."""

    version: int
    client: str
    vip: str
    head: bytes
    to_11: bytes
    to_12: bytes
    to_13: bytes

    @property
    def flows(self) -> str:
        """The main table."""
        return f"flows{self.version}"

    @property
    def pending(self) -> str:
        """The table of first packets."""
        return f"pending{self.version}"

    def real(self, last: int) -> str:
        """The address of a real server."""
        return f"10.0.0.{last}" if self.version == 4 else f"fd00::{last}"

    def _ip(self, client: str, protocol: int, message: bytes) -> bytes:
        source, vip = ip_address(client or self.client), ip_address(self.vip)
        make = generate.ipv4 if self.version == 4 else generate.ipv6
        return make(source, vip, protocol, message)

    def tcp(
        self, flags: int, data: bytes = b"", *, sport: int = 1000, dport: int = 80, client: str = ""
    ) -> bytes:
        """A segment to the VIP."""
        return self._ip(client, 6, generate.tcp(sport, dport, flags, data))

    def udp(self, *, sport: int = 1000, dport: int = 53, client: str = "") -> bytes:
        """A datagram to the VIP."""
        return self._ip(client, 17, generate.udp(sport, dport, b"?"))


V4 = Family(4, "10.1.0.1", "192.0.2.10", f.TO_BALANCER, f.TO_11, f.TO_12, f.TO_13)
V6 = Family(6, "fd01::1", "2001:db8::10", f.TO_BALANCER6, f.TO6_11, f.TO6_12, f.TO6_13)


def go(program: Program, v: Family, to: bytes, *packets: bytes) -> None:
    """Each of the packets goes on behind the Ethernet header ``to``."""
    for packet in packets:
        forwarded(program, packet, to, head=v.head)


def stop(program: Program, v: Family, reason: str, *packets: bytes) -> None:
    """Each of the packets is dropped."""
    for packet in packets:
        refused(program, packet, reason, head=v.head)


def opened(v: Family, sport: int = 1000, *, client: str = "") -> tuple[bytes, bytes]:
    """SYN and ACK of a connection."""
    return v.tcp(SYN, sport=sport, client=client), v.tcp(ACK, sport=sport, client=client)
