# SPDX-License-Identifier: Apache-2.0
"""Frames parsed: plain, in tunnels, and what is none of these."""

from __future__ import annotations

import pytest

from lablib.capture import Frame
from lablib.frames import Segment, parse
from tests.unit.lablib.routed import exchange

MACS = "0200007800fe 02000078000a"
# 10.78.0.1:40001 > 10.78.0.100:53, TTL 63, "hi"
INNER4 = "4500001e 00040000 3f11 66cb 0a4e0001 0a4e0064 9c410035 000ae5f9 6869"
# fd78::1, port 40001 > fd78::100, port 53, hop limit 63, "hi"
INNER6 = "60000000 000a 11 3f fd780000000000000000000000000001 fd780000000000000000000000000100"
INNER6 += "9c410035 000aff07 6869"
OUTER4 = "45b80032 00004000 40{protocol} 0000 0a4f0007 0a4e010b"
OUTER6 = "6b80000a {length} {protocol} 40 fd790000000000000000000000000007"
OUTER6 += "fd78000100000000000000000000 0011"
UDP = "c007 17c0 {length} 0000"


def _frame(*parts: str, length: int | None = None) -> Frame:
    data = bytes.fromhex(MACS + "".join(parts))
    return Frame(0.0, data, length or len(data))


def _segment(*parts: str) -> Segment:
    found = parse(_frame(*parts))
    assert found is not None
    return found


TUNNELS = {
    "4in4": (("0800", OUTER4.format(protocol="04"), INNER4), 14 + 20, "10.79.0.7"),
    "6in4": (("0800", OUTER4.format(protocol="29"), INNER6), 14 + 20, "10.79.0.7"),
    "4in6": (("86dd", OUTER6.format(length="001e", protocol="04"), INNER4), 14 + 40, "fd79::7"),
    "6in6": (("86dd", OUTER6.format(length="0032", protocol="29"), INNER6), 14 + 40, "fd79::7"),
    "4 in UDP": (
        ("0800", OUTER4.format(protocol="11"), UDP.format(length="0026"), INNER4),
        14 + 28,
        "10.79.0.7",
    ),
    "6 in UDP": (
        ("86dd", OUTER6.format(length="003a", protocol="11"), UDP.format(length="003a"), INNER6),
        14 + 48,
        "fd79::7",
    ),
}


@pytest.mark.parametrize("name", TUNNELS)
def test_a_packet_in_a_tunnel(name: str) -> None:
    parts, inner, source = TUNNELS[name]
    found = _segment(*parts)
    assert found.outer is not None
    assert (str(found.outer.source), found.outer.ttl, found.outer.tos >> 2) == (source, 64, 46)
    assert bool(found.udp) is ("UDP" in name)
    assert (found.l3, found.payload) == (inner, b"hi")
    assert str(found.source) == ("10.78.0.1" if "4 in" in name or "4in" in name else "fd78::1")
    assert (found.source_port, found.destination_port, found.ip.ttl) == (40001, 53, 63)
    assert found.checksums_right() is True
    names = [layer for layer, _, _ in found.layers]
    ends = [end for _, _, end in found.layers]
    assert names[0] == "Ethernet" and names[-1] == "payload"
    assert ("outer UDP" in names) is ("UDP" in name)
    assert ends[-1] == len(found.frame.data)
    assert [start for _, start, _ in found.layers] == [0, *ends[:-1]]


def test_the_length_that_a_header_tells() -> None:
    found = _segment(*TUNNELS["6in6"][0])
    assert found.outer is not None
    assert (found.outer.packet_length, found.ip.packet_length) == (90, 50)
    assert found.outer.flow_label == 0xA
    found = _segment("0800", INNER4)
    assert (found.outer, found.ip.packet_length, found.ip.checksum_right) == (None, 30, True)


def test_a_checksum_of_another_frame_is_wrong() -> None:
    assert _segment("0800", INNER4.replace("e5f9", "e5fa")).checksums_right() is False
    assert _segment("0800", INNER4.replace("66cb", "66cc")).checksums_right() is False
    cut = parse(_frame("0800", INNER4, length=80))
    assert cut is not None
    assert cut.checksums_right() is None


def test_udp_that_only_looks_like_a_tunnel() -> None:
    """A query whose first byte could be that of an IPv4 header, which tells another length."""
    query = INNER4.replace("4500001e", "4500002e")
    found = _segment("0800", OUTER4.format(protocol="11"), UDP.format(length="0026"), query)
    assert found.outer is None
    assert (found.source_port, found.destination_port) == (0xC007, 6080)


@pytest.mark.parametrize(
    "parts",
    [
        ("0806", INNER4),
        ("0800", INNER4.replace("00040000", "00042000")),
        ("0800", INNER4.replace("3f11", "3f01")),
        ("0800", INNER4[:28]),
        ("0800", OUTER4.format(protocol="04"), INNER4[:28]),
        ("86dd", INNER6[:57]),
    ],
)
def test_what_is_no_segment(parts: tuple[str, ...]) -> None:
    assert parse(_frame(*parts)) is None


def test_a_router_changes_what_is_blanked() -> None:
    """Only TTL and IPv4 checksum, of the outermost header."""
    for method in ("dscp", "ipip", "gue"):
        for version in (4, 6):
            seen = exchange(method, version).evidence()
            sent, arrived = seen.out_of_balancer(), seen.requests("back-router")
            assert [one.routed(0) for one in sent] == [one.routed(1) for one in arrived]
            assert sent[0].routed(0) != arrived[0].routed(0)
