# SPDX-License-Identifier: Apache-2.0
"""Flows: their states, how long they last, and who gets the packets in each."""

from __future__ import annotations

import time

import pytest

from tests.packets.cases import flows as f
from tests.packets.harness import Program
from tests.packets.steps import A, B, age, config, expiries, forwarded, refused, states

PENDING, OPEN, CLOSING, UDP = 75, 6706, 224, 448
"""The default timeouts (10 s, 15 min, 30 s, 60 s) in ticks of 2^27 ns, rounded up."""


def test_states_of_a_connection(program: Program) -> None:
    program.configure(config(A, B))
    steps = [
        (f.SYN, {"pending4": ["pending"]}),
        (f.SYN, {"pending4": ["pending"]}),
        (f.ACK, {"flows4": ["open"]}),
        (f.DATA, {"flows4": ["data"]}),
        (f.SYN, {"flows4": ["data"]}),
        (f.FIN, {"flows4": ["closing"]}),
        (f.ACK, {"flows4": ["closing"]}),
        (f.RST, {"flows4": ["reset"]}),
        (f.ACK, {"flows4": ["open"]}),
        (f.RST, {"flows4": ["reset"]}),
        (f.FIN, {"flows4": ["closing"]}),
    ]
    for packet, expected in steps:
        forwarded(program, packet, f.TO_11)
        assert states(program) == expected


def test_states_of_a_connection_ipv6(program: Program) -> None:
    program.configure(config(A, B))
    steps = [
        (f.SYN6, {"pending6": ["pending"]}),
        (f.ACK6, {"flows6": ["open"]}),
        (f.DATA6, {"flows6": ["data"]}),
        (f.FIN6, {"flows6": ["closing"]}),
    ]
    for packet, expected in steps:
        forwarded(program, packet, f.TO6_11, head=f.TO_BALANCER6)
        assert states(program) == expected


def test_states_of_udp(program: Program) -> None:
    program.configure(config(A, B))
    forwarded(program, f.DNS, f.TO_11)
    forwarded(program, f.DNS6, f.TO6_11, head=f.TO_BALANCER6)
    assert states(program) == {"pending4": ["pending"], "pending6": ["pending"]}
    forwarded(program, f.DNS, f.TO_11)
    forwarded(program, f.DNS6, f.TO6_11, head=f.TO_BALANCER6)
    assert states(program) == {"flows4": ["udp"], "flows6": ["udp"]}


def test_fin_as_second_packet(program: Program) -> None:
    program.configure(config(A, B))
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.FIN, f.TO_11)
    assert states(program) == {"flows4": ["closing"]}


@pytest.mark.parametrize(
    ("before", "after", "ticks"),
    [
        ([f.SYN], f.ACK, PENDING),
        ([f.SYN, f.ACK], f.ACK, OPEN),
        ([f.SYN, f.ACK, f.FIN], f.ACK, CLOSING),
        ([f.SYN, f.ACK, f.RST], f.ACK, CLOSING),
    ],
    ids=["pending", "open", "closing", "reset"],
)
def test_timeout(program: Program, before: list[bytes], after: bytes, ticks: int) -> None:
    """Known until shortly before the end, unknown behind it."""
    for passed, reason in ((ticks - 5, "forwarded"), (ticks + 1, "no-flow")):
        program.reset()
        program.configure(config(A))
        for packet in before:
            forwarded(program, packet, f.TO_11)
        age(program, passed)
        if reason == "forwarded":
            forwarded(program, after, f.TO_11)
        else:
            refused(program, after, reason)


@pytest.mark.parametrize("packets", [1, 2], ids=["first", "second"])
def test_timeout_of_udp(program: Program, packets: int) -> None:
    timeout = PENDING if packets == 1 else UDP
    for passed, to in ((timeout - 5, f.TO_11), (timeout + 1, f.TO_12)):
        program.reset()
        program.configure(config(A, B))
        for _ in range(packets):
            forwarded(program, f.DNS, f.TO_11)
        age(program, passed)
        forwarded(program, f.DNS, to)


def _tick() -> int:
    return time.monotonic_ns() >> 27


@pytest.mark.parametrize(
    ("before", "packet", "ticks"),
    [
        ([f.SYN], f.SYN, PENDING),
        ([f.SYN, f.ACK], f.DATA, OPEN),
        ([f.SYN, f.ACK, f.FIN], f.ACK, CLOSING),
        ([f.DNS], f.DNS, UDP),
        ([f.DNS, f.DNS], f.DNS, UDP),
    ],
    ids=["pending", "open", "closing", "udp-pending", "udp-open"],
)
def test_use_renews(program: Program, before: list[bytes], packet: bytes, ticks: int) -> None:
    program.configure(config(A))
    for earlier in before:
        forwarded(program, earlier, f.TO_11)
    age(program, PENDING // 2)
    first = _tick()
    forwarded(program, packet, f.TO_11)
    (expires,) = expiries(program)
    assert first - 1 <= expires - ticks <= _tick()  # the program's clock is a coarse one


def test_shorter_timeout_takes_effect_with_the_next_packet(program: Program) -> None:
    program.configure(config(A))
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.ACK, f.TO_11)
    program.configure(config(A, keys="idle_timeout = 1"))
    forwarded(program, f.DATA, f.TO_11)
    age(program, 9)  # one second and a bit
    refused(program, f.DATA, "no-flow")


def test_syn_again_stays(program: Program) -> None:
    """Sent again while pending, and as a stray on an open connection."""
    program.configure(config(A, B))
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.ACK, f.TO_11)
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.DATA, f.TO_11)


@pytest.mark.parametrize(
    "ends",
    [[f.FIN], [f.FIN, f.ACK], [f.RST], [f.FIN, f.RST]],
    ids=["fin", "fin-ack", "rst", "both"],
)
def test_ports_used_again(program: Program, ends: list[bytes]) -> None:
    """A SYN on a closing or reset flow is a new connection, and the old flow is gone."""
    program.configure(config(A, B))
    for packet in (f.SYN, f.ACK, *ends):
        forwarded(program, packet, f.TO_11)
    forwarded(program, f.SYN, f.TO_12)
    assert states(program) == {"pending4": ["pending"]}
    forwarded(program, f.ACK, f.TO_12)
    assert states(program) == {"flows4": ["open"]}


def test_rst_then_ack_opens_again(program: Program) -> None:
    """A forged RST does no harm: not even a SYN moves the connection afterwards."""
    program.configure(config(A, B))
    for packet in (f.SYN, f.ACK, f.RST, f.DATA, f.SYN, f.DATA):
        forwarded(program, packet, f.TO_11)
    assert states(program) == {"flows4": ["data"]}


def test_forged_rst_does_not_harm_a_handshake(program: Program) -> None:
    program.configure(config(A, B))
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.RST, f.TO_11)
    forwarded(program, f.ACK, f.TO_11)


def test_expired_flow_is_no_flow(program: Program) -> None:
    program.configure(config(A, B))
    for packet in (f.SYN, f.ACK):
        forwarded(program, packet, f.TO_11)
    program.expire_flows()
    for packet in (f.ACK, f.DATA, f.FIN, f.RST, f.SYN_ACK):
        refused(program, packet, "no-flow")
    forwarded(program, f.SYN, f.TO_12)
    forwarded(program, f.ACK, f.TO_12)


def test_no_flow_leaves_nothing(program: Program) -> None:
    program.configure(config(A, B))
    for packet in (f.ACK, f.SYN_ACK, f.RST, f.FIN):
        refused(program, packet, "no-flow")
    assert states(program) == {}


def test_unknown_scheduled_stays(program: Program) -> None:
    """on_unknown = "schedule": the segment makes an unverified flow, FIN a closing one."""
    program.configure(config(A, B, keys='on_unknown = "schedule"'))
    forwarded(program, f.DATA, f.TO_11)
    assert states(program) == {"flows4": ["unverified"]}
    forwarded(program, f.ACK, f.TO_11)
    assert states(program) == {"flows4": ["open"]}
    program.forget_flows()
    forwarded(program, f.FIN, f.TO_12)
    assert states(program) == {"flows4": ["closing"]}


def test_irregular_packets_do_not_move_a_flow(program: Program) -> None:
    program.configure(config(A, B))
    for packet in (f.SYN, f.ACK):
        forwarded(program, packet, f.TO_11)
    refused(program, f.BAD_FLAGS, "bad-flags")
    refused(program, f.FRAGMENT, "fragment")
    refused(program, f.RST, "other-host", head=f.TO_OTHER, verdict="pass")
    assert states(program) == {"flows4": ["open"]}


def test_families_have_flows_of_their_own(program: Program) -> None:
    """One real server by both of its addresses, the same ports."""
    program.configure(config(A))
    forwarded(program, f.SYN, f.TO_11)
    refused(program, f.ACK6, "no-flow", head=f.TO_BALANCER6)
    forwarded(program, f.SYN6, f.TO6_11, head=f.TO_BALANCER6)
    forwarded(program, f.ACK, f.TO_11)
    assert states(program) == {"flows4": ["open"], "pending6": ["pending"]}
    forwarded(program, f.ACK6, f.TO6_11, head=f.TO_BALANCER6)
    assert states(program) == {"flows4": ["open"], "flows6": ["open"]}


DNS_BY_TCP = """
[[service]]
name = "dns-tcp"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 53
mode = "l2dsr"
real = [{ address = ["10.0.0.12", "fd00::12"] }]
"""


def test_protocols_have_flows_of_their_own(program: Program) -> None:
    """UDP and TCP between the same addresses and ports."""
    program.configure(config(A, more=DNS_BY_TCP))
    for _ in range(2):
        forwarded(program, f.DNS, f.TO_11)
        forwarded(program, f.DNS_SYN, f.TO_12)
        forwarded(program, f.DNS6, f.TO6_11, head=f.TO_BALANCER6)
        forwarded(program, f.DNS_SYN6, f.TO6_12, head=f.TO_BALANCER6)
    assert states(program) == {
        "flows4": ["udp"],
        "flows6": ["udp"],
        "pending4": ["pending"],
        "pending6": ["pending"],
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f.SYN, f.SYNS[0]),
        (f.SYN, f.SYN_OTHER_CLIENT),
        (f.SYN, f.SYN_OTHER_VIP),
        (f.SYN6, f.SYNS6[0]),
        (f.SYN6, f.SYN6_OTHER_CLIENT),
        (f.SYN6, f.SYN6_OTHER_VIP),
    ],
    ids=["port", "client", "vip", "port6", "client6", "vip6"],
)
def test_what_makes_another_flow(program: Program, first: bytes, second: bytes) -> None:
    """Connections that differ in one thing alone."""
    both = config(A, B).replace('"192.0.2.10", ', '"192.0.2.10", "192.0.2.11", "2001:db8::11", ')
    program.configure(both)
    ipv6 = first[0] >> 4 == 6
    head = f.TO_BALANCER6 if ipv6 else f.TO_BALANCER
    for _ in range(2):
        forwarded(program, first, f.TO6_11 if ipv6 else f.TO_11, head=head)
        forwarded(program, second, f.TO6_12 if ipv6 else f.TO_12, head=head)
