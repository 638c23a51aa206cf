# SPDX-License-Identifier: Apache-2.0
"""IPv4 packets to one of the host's addresses: whole, in fragments, with options, wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from scapy.layers.inet import (
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_Timestamp,
)

from tests.lab.foreign.names import PORT, STATION4, VIPS4

Named = tuple[str, bytes]
_CLOSED = 9
_SYN = [("MSS", 1460), ("NOP", None), ("WScale", 7), ("SAckOK", b"")]  # no timestamps: they vary


def pattern(length: int) -> bytes:
    """Bytes that differ from their neighbours."""
    return bytes((place * 7 + place // 256) & 255 for place in range(length))


def _protocols() -> Iterator[tuple[str, int, bytes]]:
    to_vip = bytes(IP(src=STATION4, dst=VIPS4[0]) / TCP(sport=4001, dport=PORT, flags="S"))
    yield "SCTP", 132, bytes.fromhex("138a0007000000005a5a5a5a01000014") + pattern(16)
    yield "GRE", 47, bytes.fromhex("00000800") + to_vip
    yield "GRE with key", 47, bytes.fromhex("2000080000000007") + to_vip
    yield "ESP", 50, bytes.fromhex("0000100100000001") + pattern(64)
    yield "AH", 51, bytes.fromhex("06040000000010010000000100000000000000000000000000000000")
    yield "IPIP with a packet to a VIP", 4, to_vip
    yield "6in4", 41, b"\x60" + pattern(47)
    yield "IGMP report", 2, bytes.fromhex("1600fffc") + bytes([239, 1, 2, 3])
    yield "UDP-Lite", 136, bytes.fromhex("13880007000800000102")
    for number in (0, 46, 59, 89, 103, 112, 253, 255):
        yield f"protocol {number}", number, pattern(40)


def _udp(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IP]]:
    ip = IP(src=STATION4, dst=dst, id=77)
    for length in (0, 1, 26, 1472):
        yield f"UDP echo of {length}", ip / UDP(sport=next(sport), dport=PORT) / pattern(length)
    yield "UDP without a checksum", ip / UDP(sport=next(sport), dport=PORT, chksum=0) / b"sum"
    yield "UDP with a wrong checksum", ip / UDP(sport=5, dport=PORT, chksum=0x1234) / b"wrong"
    yield "UDP to a closed port", ip / UDP(sport=next(sport), dport=_CLOSED) / pattern(30)
    yield "UDP longer than its packet", ip / UDP(sport=5, dport=PORT, len=300) / pattern(30)
    yield "UDP shorter than its packet", ip / UDP(sport=next(sport), dport=PORT, len=12) / b"123456"
    yield "UDP shorter than its header", ip / UDP(sport=5, dport=PORT, len=4) / b"123456"
    yield "half a UDP header", IP(src=STATION4, dst=dst, id=1, proto=17) / b"\x00\x05\x00\x07"
    inner = IP(src=STATION4, dst=VIPS4[3]) / UDP(sport=4002, dport=PORT) / b"inner"
    yield "GUE with a packet to a VIP", ip / UDP(sport=0xC001, dport=6080, chksum=0) / inner
    yield "from a VIP", IP(src=VIPS4[0], dst=dst) / UDP(sport=PORT, dport=_CLOSED) / b"from a VIP"


def _tcp(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IP]]:
    ip = IP(src=STATION4, dst=dst, id=88, flags="DF")
    for name, options, data in (
        ("", [], b""),
        (" with options", _SYN, b""),
        (" with data", [], b"d"),
    ):
        port = next(sport)
        syn = TCP(sport=port, dport=PORT, flags="S", seq=1000, options=options)
        yield f"SYN{name}", ip / syn / data
        # The answer would be sent again and again.
        yield f"RST behind SYN{name}", ip / TCP(sport=port, dport=PORT, flags="R", seq=1001)
    yield "SYN to a closed port", ip / TCP(sport=next(sport), dport=_CLOSED, flags="S", seq=1000)
    for flags in ("A", "PA", "FA", "R", "RA", "SA", "SF", "", "FPU", "FSRPAUEC"):
        segment = TCP(sport=next(sport), dport=PORT, flags=flags, seq=5, ack=6)
        yield f"TCP with flags {flags!r}", ip / segment / b"data"
    yield "TCP with a wrong checksum", ip / TCP(sport=5, dport=PORT, flags="S", chksum=1)
    for offset in (0, 4, 15):
        segment = TCP(sport=next(sport), dport=PORT, flags="S", dataofs=offset)
        yield f"TCP with data offset {offset}", ip / segment
    yield "half a TCP header", IP(src=STATION4, dst=dst, id=1, proto=6) / pattern(12)


def _icmp(dst: str) -> Iterator[tuple[str, IP]]:
    ip = IP(src=STATION4, dst=dst, id=99)
    for length in (0, 1, 56, 1472):
        yield f"echo request of {length}", ip / ICMP(id=7, seq=length) / pattern(length)
    for ttl in (0, 1, 255):
        yield f"echo request with TTL {ttl}", IP(src=STATION4, dst=dst, ttl=ttl) / ICMP(id=8)
    yield "echo request with TOS 0xbb", IP(src=STATION4, dst=dst, tos=0xBB) / ICMP(id=9) / b"tos"
    yield "echo request with a wrong checksum", ip / ICMP(id=10, chksum=1)
    for kind in (0, 9, 10, 13, 15, 17, 30, 42, 200):
        yield f"ICMP type {kind}", ip / ICMP(type=kind, id=12) / pattern(24)
    yield "half an ICMP header", IP(src=STATION4, dst=dst, id=1, proto=1) / b"\x08\x00\xf7\xff"


def _options(dst: str) -> Iterator[tuple[str, IP]]:
    ways = (
        ("router alert", [IPOption_Router_Alert()]),
        ("timestamp", [IPOption_Timestamp(length=12, pointer=5, flg=0)]),
        ("record route", [IPOption_RR(pointer=4, routers=["0.0.0.0"] * 3)]),
        ("source route", [IPOption_LSRR(pointer=4, routers=[VIPS4[0]])]),
        ("40 bytes of options", [IPOption_NOP()] * 40),
        ("an option that is too long", [b"\x07\x27\x04\x00"]),
        ("an option of no length", [b"\x94\x00\x00\x00"]),
    )
    for name, options in ways:
        for kind, rest in (("echo", ICMP(id=13)), ("UDP", UDP(sport=4100, dport=PORT) / b"opts")):
            if name != "timestamp" or kind == "UDP":  # an answer would tell the time
                yield f"{name}, {kind}", IP(src=STATION4, dst=dst, options=options) / rest


def pieces(dst: str, identity: int, proto: int, data: bytes, size: int = 1480) -> list[IP]:
    """The fragments of a packet, in order."""
    places = range(0, len(data), size)
    return [
        IP(
            src=STATION4,
            dst=dst,
            id=identity,
            proto=proto,
            flags="MF" if place + size < len(data) else 0,
            frag=place // 8,
        )
        / data[place : place + size]
        for place in places
    ]


def _fragments(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IP]]:
    def udp(length: int) -> bytes:
        whole = IP(src=STATION4, dst=dst) / UDP(sport=next(sport), dport=PORT) / pattern(length)
        return bytes(whole)[20:]

    echo = bytes(IP(src=STATION4, dst=dst) / ICMP(id=14) / pattern(3000))[20:]
    sets = {
        "UDP in order": pieces(dst, 201, 17, udp(4000)),
        "UDP from behind": pieces(dst, 202, 17, udp(4000))[::-1],
        "UDP in small pieces": pieces(dst, 203, 17, udp(200), 8),
        "UDP twice the first": [*(some := pieces(dst, 204, 17, udp(4000)))[:1], *some],
        "UDP overlapping": [
            *pieces(dst, 205, 17, udp(2000)),
            *pieces(dst, 205, 17, udp(2000), 800),
        ],
        "UDP without the first": pieces(dst, 206, 17, udp(4000))[1:],
        "UDP without the last": pieces(dst, 207, 17, udp(4000))[:-1],
        "echo in order": pieces(dst, 208, 1, echo),
        "TCP at byte 8": pieces(dst, 209, 6, pattern(24), 8),
        "SCTP": pieces(dst, 210, 132, pattern(2000)),
    }
    for name, packets in sets.items():
        for number, packet in enumerate(packets):
            yield f"fragment {number}, {name}", packet
    end = IP(src=STATION4, dst=dst, id=211, proto=1, frag=8191)
    yield "fragment beyond 64 KiB", end / pattern(800)


def _lies(dst: str) -> Iterator[Named]:
    good = IP(src=STATION4, dst=dst, id=55) / UDP(sport=4200, dport=PORT) / b"a good packet"
    whole = bytes(good)
    for first in (0x05, 0x55, 0x65, 0x40, 0x44, 0x46, 0x4F, 0xFF):
        yield f"first byte {first:#04x}", bytes([first]) + whole[1:]
    for total in (0, 19, 27, len(whole) - 1, len(whole) + 1, 1500, 65535):
        lying = good.copy()
        lying[IP].len = total
        yield f"total length {total}", bytes(lying)
    for length in (1, 10, 19, 20, 24):
        yield f"cut after {length}", whole[:length]
    yield "wrong header checksum", whole[:10] + b"\x12\x34" + whole[12:]
    yield "reserved flag", bytes(IP(src=STATION4, dst=dst, flags=4) / ICMP(id=15))
    yield "padded with zeros", whole + bytes(18)
    yield "padded with something", whole + pattern(60)
    for source in (dst, "0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"):
        yield f"from {source}", bytes(IP(src=source, dst=dst) / UDP(sport=4201, dport=PORT) / b"x")


def to_address(dst: str) -> Iterator[Named]:
    """Everything that is sent to one address of the host."""
    ports = count(20000)
    for makes in (_udp(dst, ports), _tcp(dst, ports), _icmp(dst), _options(dst)):
        for name, packet in makes:
            yield name, bytes(packet)
    for name, number, data in _protocols():
        yield name, bytes(IP(src=STATION4, dst=dst, id=66, proto=number) / data)
    for name, packet in _fragments(dst, ports):
        yield name, bytes(packet)
    yield from _lies(dst)
