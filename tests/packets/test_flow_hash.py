# SPDX-License-Identifier: Apache-2.0
"""Fields that the flow hash decides: the same for a flow, others for other flows, not to be told in
advance; and the comparison of such fields itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import reduce
from ipaddress import ip_address
from operator import and_, or_

import pytest

from tests.packets.cases import RESOLUTIONS, Case
from tests.packets.cases.errors import tunnel6 as errors_tunnel6
from tests.packets.cases.fragments import ipv6 as fragments6
from tests.packets.cases.l3dsr import gue
from tests.packets.cases.services import PREFIXES
from tests.packets.evidence import check
from tests.packets.flowhash import settled
from tests.packets.generate import frame, ipv4, ipv6, tcp
from tests.packets.harness import Program
from tests.packets.model import FlowKey, Free, Outcome
from tests.packets.modelled import VIPS, build, prefixes

FLOWS = 256
CLIENTS = {4: ip_address("10.1.0.1"), 6: ip_address("fd01::1")}


def _syn(family: int, sport: int) -> bytes:
    """To the GUE service."""
    ends, message = (CLIENTS[family], VIPS[family]), tcp(sport, 102, 2)
    if family == 4:
        return frame(ipv4(*ends, 6, message), 0x0800)
    return frame(ipv6(*ends, 6, message), 0x86DD)


def _number(sent: bytes, first: int, last: int) -> int:
    return int.from_bytes(sent[first:last], "big")


def _values4(program: Program) -> list[tuple[int, int]]:
    """(source port, host) of each flow over IPv4; hosts have 8 bits there."""
    sent = [program.run(_syn(4, sport)).frame for sport in range(1000, 1000 + FLOWS)]
    return [(_number(one, 34, 36), one[29]) for one in sent]


def _values6(program: Program, flows: int = FLOWS) -> list[tuple[int, int, int]]:
    """(flow label, source port, 32 bits of the host) of each flow over IPv6."""
    sent = [program.run(_syn(6, sport)).frame for sport in range(1000, 1000 + flows)]
    return [
        (_number(one, 15, 18) & 0xFFFFF, _number(one, 54, 56), _number(one, 34, 38)) for one in sent
    ]


def _spread(numbers: Sequence[int], bits: int, least: int) -> None:
    """At least so many different ones, and each bit is set in some and not set in others."""
    assert len(set(numbers)) >= least
    mask = (1 << bits) - 1
    assert reduce(or_, numbers) & mask == mask
    assert reduce(and_, numbers) & mask == 0


def test_flows_are_spread(program: Program) -> None:
    """Receivers and routers tell them apart by labels, ports and source addresses."""
    program.configure(PREFIXES, RESOLUTIONS)
    labels, ports, hosts = zip(*_values6(program), strict=True)
    _spread(labels, 20, FLOWS - 5)
    _spread(ports, 14, FLOWS - 20)
    _spread(hosts, 32, FLOWS - 5)
    assert all(port >= 0xC000 for port in ports)
    assert all(port & 0x3FFF == label & 0x3FFF for port, label in zip(ports, labels, strict=True))


def test_flows_are_spread_ipv4(program: Program) -> None:
    """Of 256 hosts about 162 are met by 256 flows."""
    program.configure(PREFIXES, RESOLUTIONS)
    ports, hosts = zip(*_values4(program), strict=True)
    _spread(ports, 14, FLOWS - 20)
    _spread(hosts, 8, 130)


def test_the_hash_is_keyed(program: Program) -> None:
    """Another instance has other values for the same flows."""
    program.configure(PREFIXES, RESOLUTIONS)
    with closing(Program(1024)) as other:
        other.configure(PREFIXES, RESOLUTIONS)
        pairs = list(zip(_values6(program, 16), _values6(other, 16), strict=True))
    assert sum(one == two for one, two in pairs) == 0


@pytest.mark.parametrize(
    "cases",
    [fragments6.GUE6, errors_tunnel6.GUE, errors_tunnel6.IPIP],
    ids=["fragments", "errors-gue", "errors-ipip"],
)
def test_same_for_all_of_a_flow(program: Program, cases: list[Case]) -> None:
    """Fragments without ports and ICMP errors from elsewhere have those of the flow."""
    program.configure(PREFIXES, RESOLUTIONS)
    model = build(prefixes)
    compared: set[tuple[FlowKey, str]] = set()
    for case in cases:
        expected, got = model.process(case.sent), program.run(case.sent)
        check(case.id, case.sent, expected, got)
        assert got.seen is not None
        assert expected.flow is not None
        compared |= {(expected.flow, kind) for kind in ("hash", "host")}
        assert compared <= set(got.seen)
    assert len(compared) < 2 * len(cases)


CASE = next(case for case in gue.SINGLES if case.id == "gue-6in6-tcp")
KEY: FlowKey = (CLIENTS[6], VIPS[6], 1000, 102, 6)
# Ethernet 14, label in the first four bytes of IPv6, port behind its 40
EXPECTED = replace(CASE.outcome, free=(Free("hash", 18, 20), Free("hash", 56, 14)), flow=KEY)


def _got(label: int, port: int, seen: dict[tuple[FlowKey, str], tuple[int, int]]) -> Outcome:
    sent = bytearray(CASE.expected)
    sent[15:18] = label.to_bytes(3, "big")
    sent[54:56] = port.to_bytes(2, "big")
    return Outcome("tx", "forwarded", bytes(sent), seen=seen)


def test_comparison_of_free_fields() -> None:
    """Right ones are accepted, of the same flow only the same ones."""
    seen: dict[tuple[FlowKey, str], tuple[int, int]] = {}
    first = _got(0xABCDE, 0xFCDE, seen)
    assert settled(EXPECTED, first) == first
    assert settled(EXPECTED, first) == first
    for label, port in ((0xABCDF, 0xFCDF), (0xABCDE, 0xFCDF), (0xABCDF, 0xFCDE), (0xBBCDE, 0xFCDE)):
        other = _got(label, port, seen)
        assert settled(EXPECTED, other) != other
    of_another_flow = replace(EXPECTED, flow=(*KEY[:2], 1001, *KEY[3:]))
    second = _got(0x12345, 0xE345, seen)
    assert settled(of_another_flow, second) == second


@pytest.mark.parametrize(("label", "port"), [(0xABCDE, 0xBCDE), (0x1ABCDE, 0xFCDE)])
def test_out_of_range(label: int, port: int) -> None:
    """A port below 49152, a bit of the label in the traffic class."""
    got = _got(label, port, {})
    assert settled(EXPECTED, got) != got


def test_wrong_outer_checksum() -> None:
    """Where the source is free, so is the checksum; but it has to be right."""
    case = next(case for case in gue.SINGLES if case.id == "gue-4in4-tcp")
    expected = replace(case.outcome, free=(Free("host", 30, 8), Free("sum", 26, 16)))
    right = Outcome("tx", "forwarded", case.expected)
    assert settled(expected, right) == right
    wrong = bytearray(case.expected)
    wrong[29] ^= 1
    got = Outcome("tx", "forwarded", bytes(wrong))
    assert settled(expected, got) != got
