# SPDX-License-Identifier: Apache-2.0
"""Steps of the tests of flows and schedules: a packet, and where it must go, byte for byte."""

from __future__ import annotations

from tests.packets.cases.flows import TO_BALANCER
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Outcome


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
