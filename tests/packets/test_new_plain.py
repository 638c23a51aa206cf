# SPDX-License-Identifier: Apache-2.0
"""The short way of new flows (ebpf/new_plain.c): what is not for it goes the long one."""

from __future__ import annotations

from dsrlb.control.desired.contents import Resolution
from tests.packets.harness import LINK, Program, mac_of
from tests.packets.steps import ACK, SYN, A, Family, config, go


def test_a_first_packet_that_is_too_large(program: Program, v: Family) -> None:
    """And a second one: the sender is told, as on any way."""
    way = Resolution(mac_of(v.real(11)).hex(":"), LINK, True, mtu=100)
    program.configure(config(A), {v.real(11): way})
    assert program.run(v.head + v.tcp(SYN, bytes(200))).reason == "answered-too-big"
    go(program, v, v.to_11, v.tcp(SYN, sport=1001))
    assert program.run(v.head + v.tcp(ACK, bytes(200), sport=1001)).reason == "answered-too-big"
