# SPDX-License-Identifier: Apache-2.0
"""Frames that the bench compares outputs with, against some that are written out."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from tests.bench.expected import Service, Target, request
from tests.bench.packets import ACK, Ends, Frame
from tests.packets.checksums import wrong_checksums

_BALANCER, _CLIENT, _REAL = (bytes.fromhex(f"0200000000{last}") for last in ("aa", "01", "07"))
_SENT = {
    4: Ends(ip_address("198.18.0.3"), 1025, ip_address("192.0.2.10"), 80),
    6: Ends(ip_address("2001:db8:1::3"), 1025, ip_address("2001:db8::10"), 80),
}
_TARGETS = {4: ip_address("10.0.0.7"), 6: ip_address("fd00::7")}
_SOURCES = {4: ip_network("198.51.100.0/24"), 6: ip_network("2001:db8:2::/64")}
_HEAD = _REAL + _BALANCER


def _frame(family: int, protocol: str = "tcp") -> Frame:
    return Frame(_BALANCER, _CLIENT, _SENT[family], ACK, protocol=protocol)


def _become(method: str, family: int, got: bytes = bytes(120)) -> bytes:
    target = Target(_TARGETS[family], _REAL, _BALANCER)
    return request(Service(method, 12, _SOURCES), _frame(family), target, got)


def test_a_frame_as_it_comes_in() -> None:
    assert _frame(4).wire.hex() == (
        "0200000000aa0200000000010800"
        "45000028000740004006b2a9c6120003c000020a"
        "040100500000000100000001501004001f620000"
        "000000000000"
    )


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_checksums_of_what_comes_in(family: int, protocol: str) -> None:
    wire = _frame(family, protocol).wire
    assert wrong_checksums(wire) == []
    assert len(wire) == {4: 60, 6: 74}[family]


def test_l2dsr_changes_mac_addresses_only() -> None:
    assert _become("l2dsr", 4) == _HEAD + _frame(4).wire[12:]


def test_dscp() -> None:
    frame = _become("dscp", 4)
    assert wrong_checksums(frame) == []
    assert frame[:12] == _HEAD
    assert (frame[15], frame[22], frame[30:34]) == (12 << 2, 63, _TARGETS[4].packed)
    assert frame[34:50] == _frame(4).wire[34:50]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("method", ["ipip", "gue"])
def test_tunnels(method: str, family: int) -> None:
    """The outer header, and behind it the packet with one hop less; what follows it stays."""
    frame = _become(method, family)
    outer, at = {4: (20, 22), 6: (40, 21)}[family]
    more = 8 if method == "gue" else 0
    assert wrong_checksums(frame) == []
    inner = frame[14 + outer + more :]
    sent = bytearray(_frame(family).wire[14:])
    sent[at - 14] -= 1
    if family == 4:
        sent[10] += 1  # RFC 1624: one less above is one more in the checksum
    assert inner == bytes(sent)
    assert frame[14 + outer - len(_TARGETS[family].packed) : 14 + outer] == _TARGETS[family].packed


def test_what_varies_is_taken_as_it_came_if_it_may_be_that() -> None:
    got = bytearray(_become("ipip", 4))
    got[29] = 200  # the source is in 198.51.100.0/24
    assert _become("ipip", 4, bytes(got))[26:30] == bytes([198, 51, 100, 200])
    got[28] = 99  # and now it is not
    assert _become("ipip", 4, bytes(got))[26:30] == bytes([198, 51, 100, 0])
