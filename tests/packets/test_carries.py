# SPDX-License-Identifier: Apache-2.0
"""Every carry of the checksums that a method updates, against full sums of what comes out."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.packets.cases import CONFIG, RESOLUTIONS
from tests.packets.checksums import total
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Outcome

CLIENT4, VIP4, REAL4 = (bytes.fromhex(text) for text in ("0a010001", "c000020a", "0a00001f"))
CLIENT6 = bytes.fromhex("fd010000000000000000000000000001")
VIP6 = bytes.fromhex("20010db8000000000000000000000010")
REAL6 = bytes.fromhex("fd000000000000000000000000000031")
SENT4, SENT6 = (bytes.fromhex("0200000000aa 020000000001" + kind) for kind in ("0800", "86dd"))


def _sum(data: bytes) -> bytes:
    return (0xFFFF - total(data)).to_bytes(2, "big")


def _pseudo(addresses: bytes, protocol: int, length: int) -> bytes:
    return addresses + struct.pack(">II", length, protocol)


def _udp(addresses: bytes, word: bytes, port: int) -> bytes:
    """Two bytes of data, and a checksum that is never 0."""
    head = struct.pack(">HHH", 1000, port, 10)
    right = _sum(_pseudo(addresses, 17, 10) + head + b"\0\0" + word)
    return head + (b"\xff\xff" if right == b"\0\0" else right) + word


def _tcp(addresses: bytes, word: bytes, port: int) -> bytes:
    head = struct.pack(">HHIIHH", 1000, port, 1, 0, 0x5002, 1024)
    return head + _sum(_pseudo(addresses, 6, 20) + head + b"\0\0" + word) + word


def _ipv4(
    destination: bytes, tos: int, ident: bytes, ttl: int, protocol: int, message: bytes
) -> bytes:
    head = struct.pack(">BBH", 0x45, tos, 20 + len(message)) + ident + b"\x40\0"
    head += bytes((ttl, protocol))
    return head + _sum(head + CLIENT4 + destination) + CLIENT4 + destination + message


def _same(program: Program, sent: bytes, expected: bytes) -> None:
    """Without a look at the counters, which would take longer than the run."""
    verdict, frame = program.code_and_frame(sent)
    if (verdict, frame) != ("tx", expected):
        check("carry", sent, Outcome("tx", "", expected), Outcome(verdict, "", frame))


@pytest.fixture
def fast(program: Program) -> Iterator[Program]:
    """The program with CONFIG; run() counts again after the test."""
    program.configure(CONFIG, RESOLUTIONS)
    yield program
    program.reason_counts()


@pytest.mark.parametrize("ecn", [0, 3])
def test_dscp(fast: Program, ecn: int) -> None:
    """Each of the 65,536 identifications, and data that gives UDP each checksum."""
    to = bytes.fromhex("02010a00001f 0200000000aa 0800")
    for number in range(65536):
        word = number.to_bytes(2, "big")
        message = _udp(CLIENT4 + VIP4, word, 100)
        after = _udp(CLIENT4 + REAL4, word, 100)
        sent = SENT4 + _ipv4(VIP4, 0xFC | ecn, word, 64, 17, message)
        _same(fast, sent, to + _ipv4(REAL4, 0x30 | ecn, word, 63, 17, after))


def test_dscp_tcp(fast: Program) -> None:
    to = bytes.fromhex("02010a00001f 0200000000aa 0800")
    for number in range(0, 65536, 5):
        word = number.to_bytes(2, "big")
        message, after = (_tcp(CLIENT4 + end, word, 100) for end in (VIP4, REAL4))
        sent = SENT4 + _ipv4(VIP4, 0, word, 255, 6, message)
        _same(fast, sent, to + _ipv4(REAL4, 0x30, word, 254, 6, after))


@pytest.mark.parametrize("protocol", [6, 17], ids=["tcp", "udp"])
def test_dscp_ipv6(fast: Program, protocol: int) -> None:
    to = bytes.fromhex("020100000031 0200000000aa 86dd")
    make = _tcp if protocol == 6 else _udp
    for number in range(0, 65536, 1 if protocol == 17 else 5):
        word = number.to_bytes(2, "big")
        message, after = (make(CLIENT6 + end, word, 100) for end in (VIP6, REAL6))
        size = struct.pack(">HB", len(message), protocol)
        sent = SENT6 + b"\x60\0\0\0" + size + b"\x40" + CLIENT6 + VIP6 + message
        expected = to + b"\x63\0\0\0" + size + b"\x3f" + CLIENT6 + REAL6 + after
        _same(fast, sent, expected)


def test_ipip(fast: Program) -> None:
    """TTL - 1 of the inner packet, with each of its checksums; the outer one sums up length and
    TOS."""
    to = bytes.fromhex("02010a000020 0200000000aa 0800")
    ends = bytes.fromhex("c6336401 0a000020")
    for number in range(65536):
        word, tos = number.to_bytes(2, "big"), number & 0xFF
        message = _udp(CLIENT4 + VIP4, word, 101)
        sent = SENT4 + _ipv4(VIP4, tos, word, 64, 17, message)
        inner = _ipv4(VIP4, tos, word, 63, 17, message)
        outer = struct.pack(">BBHIBB", 0x45, tos, 20 + len(inner), 0x4000, 64, 4)
        _same(fast, sent, to + outer + _sum(outer + ends) + ends + inner)
