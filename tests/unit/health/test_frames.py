# SPDX-License-Identifier: Apache-2.0
"""Packets that are read off a segment, by user space and by the filter in front of it. Scapy makes
them."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6ParamProblem,
    IPv6,
)
from scapy.layers.l2 import ARP
from scapy.packet import Packet, Raw

from dsrlb.health import frames
from dsrlb.health.frames import Seen, packed, question, seen
from dsrlb.health.tap import program

MAC = "02:00:00:00:00:0b"
REAL4, REAL6, OWN4, OWN6, VIP4, VIP6 = (
    "10.0.0.11", "2001:db8::11", "10.0.0.2", "2001:db8::2", "192.0.2.10", "2001:db8::100"
)  # fmt: skip
_MAC = bytes.fromhex(MAC.replace(":", ""))
_TO4, _TO6 = IP(src=REAL4, dst=OWN4), IPv6(src=REAL6, dst=OWN6)
_QUOTED4 = IP(src=OWN4, dst=REAL4)
_QUOTED6 = IPv6(src=OWN6, dst=REAL6)


def _neighbour(address: str) -> Seen:
    return Seen("neighbour", packed(address), mac=_MAC)


CASES: dict[str, tuple[int, Packet, Seen | None]] = {
    "arp": (
        frames.ARP,
        ARP(op=2, hwsrc=MAC, psrc=VIP4, hwdst=MAC, pdst=OWN4),
        _neighbour(VIP4),
    ),
    "arp-request": (frames.ARP, ARP(op=1, hwsrc=MAC, psrc=VIP4, pdst=OWN4), None),
    "advertisement": (
        frames.IPV6,
        _TO6 / ICMPv6ND_NA(tgt=VIP6) / ICMPv6NDOptDstLLAddr(lladdr=MAC),
        _neighbour(VIP6),
    ),
    "solicitation": (frames.IPV6, _TO6 / ICMPv6ND_NS(tgt=VIP6), None),
    "segment": (
        frames.IPV4,
        _TO4 / TCP(sport=80, dport=61000, flags="RA"),
        Seen("segment", packed(REAL4), packed(OWN4), b"", 6, 80, 61000),
    ),
    "options": (
        frames.IPV4,
        IP(src=REAL4, dst=OWN4, options=b"\1\1\1\1") / UDP(sport=53, dport=65535) / b"x",
        Seen("segment", packed(REAL4), packed(OWN4), b"", 17, 53, 65535),
    ),
    "segment6": (
        frames.IPV6,
        _TO6 / UDP(sport=53, dport=61000) / b"x",
        Seen("segment", packed(REAL6), packed(OWN6), b"", 17, 53, 61000),
    ),
    "other-port": (frames.IPV4, _TO4 / TCP(sport=80, dport=60999), None),
    "other-port6": (frames.IPV6, _TO6 / TCP(sport=80, dport=60999), None),
    "fragment": (frames.IPV4, IP(src=REAL4, dst=OWN4, frag=9, proto=6) / Raw(b"\xff" * 20), None),
    "echo": (frames.IPV4, _TO4 / ICMP(type=0), None),
    "echo6": (frames.IPV6, _TO6 / ICMPv6EchoReply(), None),
    "protocol": (
        frames.IPV4,
        _TO4 / ICMP(type=3, code=2) / _QUOTED4.copy() / IP() / TCP(),
        Seen("error", packed(REAL4), packed(REAL4), b"", 4),
    ),
    "port": (
        frames.IPV4,
        _TO4 / ICMP(type=3, code=3) / IP(src=OWN4, dst=VIP4) / UDP(sport=61001, dport=53),
        Seen("error", packed(REAL4), packed(VIP4), b"", 17, 61001, 53),
    ),
    "port6": (
        frames.IPV6,
        _TO6 / ICMPv6DestUnreach(code=4) / _QUOTED6.copy() / UDP(sport=50000, dport=6080) / b"x",
        Seen("error", packed(REAL6), packed(REAL6), b"", 17, 50000, 6080),
    ),
    "parameter6": (
        frames.IPV6,
        _TO6 / ICMPv6ParamProblem(code=1) / IPv6(src=OWN6, dst=REAL6, nh=41) / IPv6() / TCP(),
        Seen("error", packed(REAL6), packed(REAL6), b"", 41),
    ),
    "crossed": (
        frames.IPV4,
        _TO4 / ICMP(type=3, code=2) / IP(src=OWN4, dst=REAL4, proto=41) / IPv6() / TCP(),
        Seen("error", packed(REAL4), packed(REAL4), b"", 41),
    ),
    "other-ethertype": (0x88CC, Raw(b"x" * 60), None),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_seen(name: str) -> None:
    kind, packet, wanted = CASES[name]
    data = bytes(packet)
    if name in ("other-port", "other-port6"):  # user space does not look at it again
        assert not _let_in(kind, data)
        return
    assert seen(kind, data) == wanted
    assert _let_in(kind, data) == (wanted is not None)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2]])
def test_what_is_cut_short(name: str) -> None:
    """Nothing is made up, and nothing breaks."""
    kind, packet, wanted = CASES[name]
    data = bytes(packet)
    for size in range(len(data)):
        found = seen(kind, data[:size])
        _let_in(kind, data[:size])
        assert found is None or found.sender == (wanted and wanted.sender)


def _let_in(kind: int, data: bytes) -> bool:
    """Classic BPF, as the kernel runs it: what is beyond the packet's end ends it with 0."""
    code = program()
    lines = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    a = x = place = 0
    while True:
        operation, yes, no, k = lines[place]
        place += 1
        if operation == 0x06:
            return bool(k)
        if operation in (0x15, 0x35, 0x45):
            true = {0x15: a == k, 0x35: a >= k, 0x45: bool(a & k)}[operation]
            place += yes if true else no
            continue
        if operation == 0x28 and k == 0xFFFFF000:
            a = kind
            continue
        size = 2 if operation in (0x28, 0x48) else 1
        at = k + x if operation in (0x48, 0x50) else k
        if at + size > len(data):
            return False
        value = int.from_bytes(data[at : at + size], "big")
        if operation == 0xB1:
            x = (value & 15) * 4
        else:
            a = value


def test_arp_questions() -> None:
    kind, to, packet = question(packed(VIP4), packed(OWN4), _MAC)
    asked = ARP(packet)
    assert (kind, to) == (0x0806, b"\xff" * 6)
    assert (asked.op, asked.psrc, asked.pdst, asked.hwsrc) == (1, OWN4, VIP4, MAC)
    assert bytes(asked) == packet and asked.hwdst == "00:00:00:00:00:00"


def test_solicitations() -> None:
    kind, to, packet = question(packed(VIP6), packed(OWN6), _MAC)
    asked = IPv6(packet)
    assert (kind, to.hex(":")) == (0x86DD, "33:33:ff:00:01:00")
    assert (asked.src, asked.dst, asked.hlim) == (OWN6, "ff02::1:ff00:100", 255)
    assert asked[ICMPv6ND_NS].tgt == VIP6 and asked.lladdr == MAC
    written = asked[ICMPv6ND_NS].cksum
    del asked[ICMPv6ND_NS].cksum
    assert IPv6(bytes(asked))[ICMPv6ND_NS].cksum == written
