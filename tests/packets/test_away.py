# SPDX-License-Identifier: Apache-2.0
"""Flows whose real does not answer: what another real can go on with leaves it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases import flows as f
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import A, B, config, forwarded, refused, states

LOST = Resolution(None, None, False)


@dataclass(frozen=True)
class Family:
    """Packets of one family, and the Ethernet headers to the reals."""

    version: int
    head: bytes
    syn: bytes
    ack: bytes
    data: bytes
    fin: bytes
    dns: bytes
    fresh: tuple[bytes, ...]  # SYNs of other connections
    to_11: bytes
    to_12: bytes

    @property
    def flows(self) -> str:
        """The table of flows in use."""
        return f"flows{self.version}"

    @property
    def pending(self) -> str:
        """The table of first packets."""
        return f"pending{self.version}"


V4 = Family(4, f.TO_BALANCER, f.SYN, f.ACK, f.DATA, f.FIN, f.DNS, tuple(f.SYNS), f.TO_11, f.TO_12)
V6 = Family(
    6, f.TO_BALANCER6, f.SYN6, f.ACK6, f.DATA6, f.FIN6, f.DNS6, tuple(f.SYNS6), f.TO6_11, f.TO6_12
)


@pytest.fixture(params=[V4, V6], ids=["ipv4", "ipv6"])
def v(request: pytest.FixtureRequest) -> Family:
    """One family."""
    assert isinstance(request.param, Family)
    return request.param


def go(program: Program, v: Family, to: bytes, *packets: bytes) -> None:
    """Each of the packets goes on behind the header ``to``."""
    for packet in packets:
        forwarded(program, packet, to, head=v.head)


def away(program: Program, *reals: str, real: str = "11", lost: bool = False) -> None:
    """Configure ``reals``, one of which does not answer, and whose MAC is kept, or not known."""
    found = {
        address: LOST if lost else Resolution(mac_of(address).hex(":"), LINK, False)
        for address in (f"10.0.0.{real}", f"fd00::{real}")
    }
    program.configure(config(*(reals or (A, B))), found)


def new_flows(program: Program, v: Family, service: str, last: str) -> int:
    """Flows that a real was given."""
    address = f"10.0.0.{last}" if v.version == 4 else f"fd00::{last}"
    reals = program.applier.installed.reals
    (found,) = (r for r in reals if r.service.name == service and str(r.address) == address)
    return program.traffic(found)[2]


@pytest.fixture
def opened(program: Program, v: Family) -> Program:
    """Reals 11 and 12; the client's connection and its UDP flow are on 11."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn, v.ack, v.dns, v.dns)
    return program


def test_open_connection_stays_with_the_mac_that_was_known(opened: Program, v: Family) -> None:
    away(opened)
    go(opened, v, v.to_11, v.data, v.ack, v.fin, v.ack)
    go(opened, v, v.to_12, *v.fresh[:3])


def test_udp_flow_moves_and_stays_there(opened: Program, v: Family) -> None:
    away(opened)
    go(opened, v, v.to_12, v.dns)
    assert states(opened) == {v.flows: ["open", "udp"]}
    opened.configure(config(A, B))
    go(opened, v, v.to_12, v.dns, v.dns)
    assert [new_flows(opened, v, "dns", real) for real in ("11", "12")] == [1, 1]


def test_udp_flow_moves_from_a_real_without_a_mac(opened: Program, v: Family) -> None:
    away(opened, lost=True)
    refused(opened, v.data, "unresolved", head=v.head)
    go(opened, v, v.to_12, v.dns, v.dns)


def test_first_udp_packet(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, v.dns)
    away(program)
    go(program, v, v.to_12, v.dns)
    assert states(program) == {v.flows: ["udp"]}
    go(program, v, v.to_12, v.dns)


def test_repeated_syn(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn)
    away(program)
    go(program, v, v.to_12, v.syn, v.syn)
    assert states(program) == {v.pending: ["pending"]}
    assert [new_flows(program, v, "web", real) for real in ("11", "12")] == [1, 1]
    go(program, v, v.to_12, v.ack, v.data)
    assert states(program) == {v.flows: ["data"]}


def test_end_of_the_handshake(program: Program, v: Family) -> None:
    """The other real ends it with a reset; the client may try again at once."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn)
    away(program)
    go(program, v, v.to_12, v.ack, v.data)
    assert states(program) == {v.flows: ["data"]}
    assert new_flows(program, v, "web", "12") == 1


def test_fin_in_the_handshake(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn)
    away(program)
    go(program, v, v.to_12, v.fin)
    assert states(program) == {v.flows: ["closing"]}


def test_rst_and_syn_ack_in_the_handshake(program: Program) -> None:
    """What starts nothing goes where the SYN went."""
    program.configure(config(A, B))
    forwarded(program, f.SYN, f.TO_11)
    away(program)
    forwarded(program, f.RST, f.TO_11)
    assert states(program) == {"pending4": ["pending"]}
    forwarded(program, f.SYN_ACK, f.TO_11)
    assert states(program) == {"flows4": ["open"]}


def test_syn_on_an_open_connection(opened: Program, v: Family) -> None:
    """A client that knows nothing of the connection any more."""
    away(opened)
    go(opened, v, v.to_12, v.syn)
    assert states(opened) == {v.flows: ["udp"], v.pending: ["pending"]}
    go(opened, v, v.to_12, v.syn, v.ack, v.data)
    assert states(opened) == {v.flows: ["data", "udp"]}


def test_ports_used_again(opened: Program, v: Family) -> None:
    go(opened, v, v.to_11, v.fin)
    away(opened)
    go(opened, v, v.to_11, v.ack)
    go(opened, v, v.to_12, v.syn, v.ack)


def test_nobody_else(program: Program, v: Family) -> None:
    """The real that does not answer is still tried."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.syn, v.dns)
    drained = B + "\nweight = 0"
    away(program, A, drained)
    go(program, v, v.to_11, v.syn, v.dns, v.dns, v.ack, v.data)
    assert states(program) == {v.flows: ["data", "udp"]}
    assert [new_flows(program, v, name, "11") for name in ("web", "dns")] == [1, 1]
    refused(program, v.fresh[0], "no-real", head=v.head)
    away(program, A, drained, lost=True)
    refused(program, v.dns, "unresolved", head=v.head)
    refused(program, v.syn, "unresolved", head=v.head)
    away(program)
    go(program, v, v.to_12, v.dns, v.syn)


def test_weight_0(opened: Program, v: Family) -> None:
    """A drained real keeps its flows for as long as it answers."""
    drained = A + "\nweight = 0"
    opened.configure(config(drained, B))
    go(opened, v, v.to_11, v.dns, v.syn, v.data)
    away(opened, drained, B)
    go(opened, v, v.to_11, v.data)
    go(opened, v, v.to_12, v.dns, v.syn)


def test_back_before_the_next_packet(opened: Program, v: Family) -> None:
    """Only packets move flows."""
    away(opened)
    opened.configure(config(A, B))
    go(opened, v, v.to_11, v.data, v.dns, v.syn)


def test_the_other_does_not_answer_either(opened: Program, v: Family) -> None:
    away(opened)
    go(opened, v, v.to_12, v.dns)
    away(opened, real="12")
    go(opened, v, v.to_11, v.dns, v.dns)
    assert [new_flows(opened, v, "dns", real) for real in ("11", "12")] == [2, 1]


def test_on_unknown_does_not_matter(program: Program, v: Family) -> None:
    for key in ("drop", "schedule"):
        program.forget_flows()
        program.configure(config(B, keys=f'on_unknown = "{key}"'))
        go(program, v, v.to_12, v.syn)
        away(program, A, B, real="12")
        go(program, v, v.to_11, v.ack, v.data)
