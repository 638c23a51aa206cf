# SPDX-License-Identifier: Apache-2.0
"""Entries that another CPU is writing, and a program that cannot go on: who is affected."""

from __future__ import annotations

import pytest

from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    PSH_ACK,
    RST,
    SYN,
    A,
    B,
    Family,
    config,
    go,
    opened,
    states,
    stop,
)

LOOSE = 'on_unknown = "schedule"'


def test_promotion_can_wait(program: Program, v: Family) -> None:
    """The second packet goes to the pending flow's real server; the next one opens the flow."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.tcp(SYN), v.udp())
    with program.tables.busy(pending=False):
        go(program, v, v.to_11, v.tcp(ACK), v.udp(), v.tcp(PSH_ACK, b"GET /"))
        assert program.loads() != {}
    assert states(program) == {v.pending: ["pending", "pending"]}
    assert program.loads() == program.counted()
    go(program, v, v.to_11, v.tcp(PSH_ACK, b"GET /"), v.udp())
    assert states(program) == {v.flows: ["data", "udp"]}


def test_source_can_wait(program: Program, v: Family) -> None:
    """A first packet is recorded also when its source cannot be."""
    program.configure(config(A, B, keys='persistence = "1h"'))
    go(program, v, v.to_11, v.tcp(SYN))
    with program.tables.busy(pending=False):
        go(program, v, v.to_11, v.tcp(ACK), v.tcp(SYN, sport=1001))
    go(program, v, v.to_11, v.tcp(ACK), v.tcp(SYN, sport=1002))
    assert states(program)[v.flows] == ["open", "source"]


def test_new_flows_cannot(program: Program, v: Family) -> None:
    """What would begin at a real server that its next packet does not find is dropped instead."""
    program.configure(config(A, B, keys=LOOSE))
    with program.tables.busy():
        stop(program, v, "flow-busy", v.tcp(SYN), v.tcp(ACK), v.udp())
    assert program.loads() == {}
    go(program, v, v.to_11, v.tcp(SYN))  # the two of the service took a turn each


@pytest.mark.parametrize("algorithm", ["hash", "maglev"])
def test_a_hash_needs_no_flow(program: Program, v: Family, algorithm: str) -> None:
    """Whatever packet of a client's comes next, it finds the same real server."""
    program.configure(config(A, B, keys=f'algorithm = "{algorithm}"\nhash_on = "source"'))
    with program.tables.busy():
        sent = [v.tcp(SYN), v.tcp(ACK), v.tcp(PSH_ACK, b"GET /")]
        got = [program.run(v.head + packet) for packet in sent]
    assert [one.reason for one in got] == ["forwarded"] * 3
    assert len({one.frame[:6] for one in got}) == 1
    assert program.states() == {}
    assert program.loads() == {}


def test_flows_that_move_cannot(program: Program, v: Family) -> None:
    program.configure(config(A))
    go(program, v, v.to_11, *opened(v))
    program.configure(config(B))
    with program.tables.busy():
        stop(program, v, "flow-busy", v.tcp(SYN))
    go(program, v, v.to_12, v.tcp(ACK))


def test_incomplete(program: Program, v: Family) -> None:
    """Open flows need no other program; everything else to a service is dropped."""
    program.configure(config(A, B, keys=LOOSE))
    go(program, v, v.to_11, *opened(v), v.udp(), v.udp())
    go(program, v, v.to_12, v.tcp(SYN, sport=1001))
    with program.without_stages():
        go(program, v, v.to_11, v.tcp(PSH_ACK, b"GET /"), v.udp(), v.tcp(SYN), v.tcp(RST))
        incomplete = [v.tcp(SYN), v.tcp(SYN, sport=1002), v.tcp(ACK, sport=1001), v.udp(sport=1)]
        stop(program, v, "incomplete", *incomplete, v.tcp(SYN, dport=9), v.tcp(ACK, sport=1003))
    go(program, v, v.to_12, v.tcp(ACK, sport=1001))
