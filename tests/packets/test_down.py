# SPDX-License-Identifier: Apache-2.0
"""Flows of a real server that is down: all of them leave it, or open TCP ones are reset."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import LEAVE, RESET, Resolution
from tests.packets import health
from tests.packets.cases import down as cases
from tests.packets.cases import flows as f
from tests.packets.cases.case import Case
from tests.packets.evidence import check
from tests.packets.generate import frame, icmp, icmpv6, ipv4, ipv6, tcp, udp
from tests.packets.harness import Program
from tests.packets.model import Outcome
from tests.packets.steps import A, B, config, refused, states
from tests.packets.test_away import V4, V6, Family, go, new_flows

RESETS = {4: cases.RESET.expected[14:54], 6: cases.RESET6.expected[14:]}
"""For the client, from the VIP."""
HEADS = {4: cases.RESET.expected[:14], 6: cases.RESET6.expected[:14]}


@pytest.fixture(params=[V4, V6], ids=["ipv4", "ipv6"])
def v(request: pytest.FixtureRequest) -> Family:
    """One family."""
    assert isinstance(request.param, Family)
    return request.param


def down(program: Program, how: str, *reals: str, real: str = "11", lost: bool = False) -> None:
    """Configure ``reals``, one of which is down, and whose MAC address is kept, or not known."""
    addresses = (f"10.0.0.{real}", f"fd00::{real}")
    gone = {address: Resolution(None, None, False) for address in addresses} if lost else {}
    change = health.found(dict.fromkeys(addresses, how))
    program.configure(config(*(reals or (A, B))), gone, change=change)


def reset(program: Program, v: Family, packet: bytes) -> None:
    """It is answered by an RST from the VIP, in a frame of 60 bytes if it has as many."""
    answer = HEADS[v.version] + RESETS[v.version]
    answer = answer.ljust(min(60, len(v.head + packet)), b"\0")
    expected = Outcome("tx", "answered-down", answer)
    check("reset", v.head + packet, expected, program.run(v.head + packet))


@pytest.fixture
def opened(program: Program, v: Family) -> Program:
    """Reals 11 and 12; the client's connection and its UDP flow are on 11, and known by heart."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn, v.ack, v.data, v.data, v.dns, v.dns, v.dns)
    return program


HOWS = pytest.mark.parametrize("how", ["leave", "reset"])
LOST = pytest.mark.parametrize("lost", [False, True], ids=["known", "lost"])


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case.id)
def test_case(program: Program, case: Case) -> None:
    program.configure(config(A, B))
    for v in (V4, V6):
        go(program, v, v.to_11, v.syn, v.ack)
    down(program, "reset")
    check(case.id, case.sent, case.outcome, program.run(case.sent))


@LOST
def test_open_connection_leaves(opened: Program, v: Family, lost: bool) -> None:
    down(opened, "leave", lost=lost)
    go(opened, v, v.to_12, v.data, v.ack)
    assert states(opened) == {v.flows: ["data", "udp"]}
    assert opened.loads() == opened.counted()
    assert [new_flows(opened, v, "web", real) for real in ("11", "12")] == [1, 1]
    opened.configure(config(A, B))
    go(opened, v, v.to_12, v.data, v.data, v.fin, v.ack)
    assert states(opened) == {v.flows: ["closing", "udp"]}


@LOST
def test_open_connection_is_reset(opened: Program, v: Family, lost: bool) -> None:
    down(opened, "reset", lost=lost)
    reset(opened, v, v.data)
    assert states(opened) == {v.flows: ["udp"]}
    assert opened.loads() == opened.counted()
    refused(opened, v.data, "no-flow", head=v.head)
    go(opened, v, v.to_12, v.syn, v.ack, v.data)


@pytest.mark.parametrize("packet", ["ack", "fin"])
def test_any_segment_is_reset(opened: Program, v: Family, packet: str) -> None:
    down(opened, "reset")
    reset(opened, v, getattr(v, packet))
    assert states(opened) == {v.flows: ["udp"]}


@HOWS
def test_udp_flow_moves_and_stays_there(opened: Program, v: Family, how: str) -> None:
    down(opened, how)
    go(opened, v, v.to_12, v.dns, v.dns)
    assert states(opened) == {v.flows: ["data", "udp"]}
    opened.configure(config(A, B))
    go(opened, v, v.to_12, v.dns, v.dns)
    go(opened, v, v.to_11, v.data)


@HOWS
def test_handshake_moves(program: Program, v: Family, how: str) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn)
    down(program, how)
    go(program, v, v.to_12, v.syn, v.syn)
    assert states(program) == {v.pending: ["pending"]}
    program.configure(config(A, B))
    go(program, v, v.to_12, v.ack, v.data)


@HOWS
def test_end_of_the_handshake_moves(program: Program, v: Family, how: str) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn, v.dns)
    down(program, how)
    go(program, v, v.to_12, v.ack, v.data, v.dns)
    assert states(program) == {v.flows: ["data", "udp"]}


@HOWS
def test_syn_on_an_open_connection_moves(opened: Program, v: Family, how: str) -> None:
    down(opened, how)
    go(opened, v, v.to_12, v.syn, v.syn, v.ack, v.data)
    assert states(opened) == {v.flows: ["data", "udp"]}


@HOWS
def test_ports_used_again(opened: Program, v: Family, how: str) -> None:
    go(opened, v, v.to_11, v.fin)
    down(opened, how)
    go(opened, v, v.to_12, v.syn, v.ack)


@pytest.mark.parametrize(("how", "left"), [("leave", ["reset"]), ("reset", [])])
def test_rst_goes_nowhere(program: Program, how: str, left: list[str]) -> None:
    """Where flows leave it counts as ever, and the next segment moves the flow."""
    program.configure(config(A, B))
    go(program, V4, f.TO_11, f.SYN, f.ACK)
    down(program, how)
    refused(program, f.RST, "real-down")
    assert states(program) == ({"flows4": left} if left else {})
    if left:
        go(program, V4, f.TO_12, f.DATA)
    assert program.loads() == program.counted()


@pytest.mark.parametrize(("how", "left"), [("leave", ["pending"]), ("reset", [])])
def test_rst_in_the_handshake(program: Program, how: str, left: list[str]) -> None:
    program.configure(config(A, B))
    go(program, V4, f.TO_11, f.SYN)
    down(program, how)
    refused(program, f.RST, "real-down")
    assert states(program) == ({"pending4": left} if left else {})
    assert program.loads() == program.counted()


def test_syn_ack(program: Program) -> None:
    """It is no other real server's either."""
    program.configure(config(A, B))
    go(program, V4, f.TO_11, f.SYN, f.ACK)
    down(program, "leave")
    refused(program, f.SYN_ACK, "no-flow")
    assert states(program) == {"flows4": ["open"]}
    down(program, "reset")
    reset(program, V4, f.SYN_ACK)
    assert states(program) == {}


@HOWS
def test_nobody_else(opened: Program, v: Family, how: str) -> None:
    """Nothing goes to the one that is down: what can leave waits for another, or its return."""
    drained = B + "\nweight = 0"
    down(opened, how, A, drained)
    for packet in (v.dns, v.syn, v.fresh[0]):
        refused(opened, packet, "no-real", head=v.head)
    assert states(opened) == {v.flows: ["data", "udp"]}
    if how == "leave":
        refused(opened, v.data, "no-real", head=v.head)
    opened.configure(config(A, drained))
    go(opened, v, v.to_11, v.data, v.dns, v.data)
    down(opened, how)
    go(opened, v, v.to_12, v.dns)
    if how == "leave":
        go(opened, v, v.to_12, v.data)
    assert opened.loads() == opened.counted()


@HOWS
def test_nobody_else_in_the_handshake(program: Program, v: Family, how: str) -> None:
    program.configure(config(A))
    go(program, v, v.to_11, v.syn, v.dns)
    down(program, how, A)
    for packet in (v.syn, v.ack, v.data, v.dns):
        refused(program, packet, "no-real", head=v.head)
    assert states(program) == {v.pending: ["pending", "pending"]}
    program.configure(config(A))
    go(program, v, v.to_11, v.ack, v.dns)
    assert states(program) == {v.flows: ["open", "udp"]}


def test_all_others_are_full(opened: Program, v: Family) -> None:
    full = B + "\nmax_open = 1"
    opened.configure(config(A + "\nweight = 0", full))
    go(opened, v, v.to_12, v.fresh[0], v.fresh[0])
    go(opened, v, v.to_12, open_of(v))
    down(opened, "leave", A, full)
    refused(opened, v.data, "reals-full", head=v.head)


def open_of(v: Family) -> bytes:
    """The ACK that ends the handshake of v.fresh[0]: the same with another flag."""
    packet = bytearray(v.fresh[0])
    packet[33 if v.version == 4 else 53] = 0x10
    return bytes(packet)


@HOWS
def test_later_fragments_go_nowhere(program: Program, how: str) -> None:
    """Their first one went to the real server that is down now."""
    program.configure(config(A, B))
    message = udp(1000, 53, bytes(24))
    client, vip = ip_address("10.1.0.1"), ip_address("192.0.2.10")
    first, later = (
        frame(ipv4(client, vip, 17, part, fragment=place), 0x0800)
        for part, place in ((message[:16], 0x2000), (message[16:], 2))
    )
    assert program.run(first).reason == program.run(later).reason == "forwarded"
    down(program, how)
    expected = Outcome("drop", "real-down", later)
    check("later", later, expected, program.run(later))
    assert program.run(first).reason == program.run(later).reason == "forwarded"


@HOWS
def test_icmp_errors_go_nowhere(opened: Program, v: Family, how: str) -> None:
    """About what the one that is down has sent."""
    four = v.version == 4
    client = ip_address("10.1.0.1" if four else "fd01::1")
    vip = ip_address("192.0.2.10" if four else "2001:db8::10")
    make = ipv4 if four else ipv6
    quoted = bytes(4) + make(vip, client, 6, tcp(80, 1000, 0x10))
    error = icmp(3, 1, quoted) if four else icmpv6(client, vip, 1, 0, quoted)
    packet = make(client, vip, 1 if four else 58, error)
    go(opened, v, v.to_11, packet)
    down(opened, how)
    refused(opened, packet, "real-down", head=v.head)


@HOWS
@LOST
def test_source_gets_another(program: Program, v: Family, how: str, lost: bool) -> None:
    """A persistent source's new flows go to another real server, and stay there."""
    keys = 'persistence = "1h"'
    program.configure(config(A, B, keys=keys))
    go(program, v, v.to_11, v.syn, v.ack, v.fresh[0])
    addresses = ("10.0.0.11", "fd00::11")
    gone = {address: Resolution(None, None, False) for address in addresses} if lost else {}
    change = health.found(dict.fromkeys(addresses, how))
    program.configure(config(A, B, keys=keys), gone, change=change)
    go(program, v, v.to_12, *own(v)[:2])
    program.configure(config(A, B, keys=keys))
    go(program, v, v.to_12, *own(v)[2:])


def own(v: Family) -> list[bytes]:
    """SYN and ACK of other connections of the client."""
    found = []
    for port in (2000, 2001):
        for packet in (v.syn, v.ack):
            other = bytearray(packet)
            at = 20 if v.version == 4 else 40
            other[at : at + 2] = port.to_bytes(2, "big")
            found.append(bytes(other))
    return found


def test_connection_that_leaves_takes_its_source_along(program: Program, v: Family) -> None:
    keys = 'persistence = "1h"'
    program.configure(config(A, B, keys=keys))
    go(program, v, v.to_11, v.syn, v.ack)
    program.configure(
        config(A, B, keys=keys), change=health.found({"10.0.0.11": "leave", "fd00::11": "leave"})
    )
    go(program, v, v.to_12, v.data)
    program.configure(config(A, B, keys=keys))
    go(program, v, v.to_12, *own(v))


@pytest.mark.parametrize(("how", "flag"), [("leave", LEAVE), ("reset", RESET)])
def test_flags_by_themselves(
    opened: Program, v: Family, how: str, flag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without REAL_AWAY, which the control plane sets as well."""
    monkeypatch.setitem(health.FLAGS, how, flag)
    down(opened, how)
    go(opened, v, v.to_12, v.dns, v.fresh[0], v.fresh[0])
    if how == "reset":
        reset(opened, v, v.data)
    else:
        go(opened, v, v.to_12, v.data)


def test_both_flags(opened: Program, v: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are reset."""
    monkeypatch.setitem(health.FLAGS, "both", LEAVE | RESET)
    down(opened, "both")
    go(opened, v, v.to_12, v.dns)
    reset(opened, v, v.data)
