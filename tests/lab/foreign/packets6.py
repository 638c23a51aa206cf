# SPDX-License-Identifier: Apache-2.0
"""IPv6 packets to one of the host's addresses: whole, with extension headers, wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    Jumbo,
    Pad1,
    PadN,
    RouterAlert,
)

from tests.lab.foreign.names import PORT, STATION6, VIPS4, VIPS6
from tests.lab.foreign.packets4 import Named, pattern

_CLOSED = 9
_SYN = [("MSS", 1440), ("NOP", None), ("WScale", 7), ("SAckOK", b"")]


def _protocols() -> Iterator[tuple[str, int, bytes]]:
    to_vip = bytes(IPv6(src=STATION6, dst=VIPS6[0]) / TCP(sport=4001, dport=PORT, flags="S"))
    yield "SCTP", 132, bytes.fromhex("138a0007000000005a5a5a5a01000014") + pattern(16)
    yield "GRE", 47, bytes.fromhex("000086dd") + to_vip
    yield "ESP", 50, bytes.fromhex("0000100100000001") + pattern(64)
    yield (
        "AH",
        51,
        bytes.fromhex("3b04000000001001000000010000000000000000000000000000000000000000"),
    )
    yield "6in6 with a packet to a VIP", 41, to_vip
    yield "4in6", 4, b"\x45" + pattern(39)
    yield "no next header", 59, pattern(8)
    yield "ICMP of IPv4", 1, bytes.fromhex("0800f7ff00000000")
    for number in (2, 88, 103, 135, 139, 253, 255):
        yield f"next header {number}", number, pattern(40)


def _udp(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IPv6]]:
    ip = IPv6(src=STATION6, dst=dst)
    for length in (0, 1, 26, 1452):
        yield f"UDP echo of {length}", ip / UDP(sport=next(sport), dport=PORT) / pattern(length)
    yield "UDP without a checksum", ip / UDP(sport=5, dport=PORT, chksum=0) / b"sum"
    yield "UDP with a wrong checksum", ip / UDP(sport=5, dport=PORT, chksum=0x1234) / b"wrong"
    yield "UDP to a closed port", ip / UDP(sport=next(sport), dport=_CLOSED) / pattern(30)
    yield "UDP longer than its packet", ip / UDP(sport=5, dport=PORT, len=300) / pattern(30)
    yield "UDP shorter than its header", ip / UDP(sport=5, dport=PORT, len=4) / b"123456"
    yield "half a UDP header", IPv6(src=STATION6, dst=dst, nh=17) / b"\x00\x05\x00\x07"
    inner = IPv6(src=STATION6, dst=VIPS6[3]) / UDP(sport=4002, dport=PORT) / b"inner"
    yield "GUE with a packet to a VIP", ip / UDP(sport=0xC001, dport=6080, chksum=0) / inner
    yield "from a VIP", IPv6(src=VIPS6[0], dst=dst) / UDP(sport=PORT, dport=_CLOSED) / b"of a VIP"


def _tcp(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IPv6]]:
    ip = IPv6(src=STATION6, dst=dst, tc=0xBB, fl=0x12345)
    for name, options, data in (
        ("", [], b""),
        (" with options", _SYN, b""),
        (" with data", [], b"d"),
    ):
        port = next(sport)
        syn = TCP(sport=port, dport=PORT, flags="S", seq=1000, options=options)
        yield f"SYN{name}", ip / syn / data
        yield f"RST behind SYN{name}", ip / TCP(sport=port, dport=PORT, flags="R", seq=1001)
    yield "SYN to a closed port", ip / TCP(sport=next(sport), dport=_CLOSED, flags="S", seq=1000)
    for flags in ("A", "FA", "R", "SA", "SF", "", "FPU"):
        segment = TCP(sport=next(sport), dport=PORT, flags=flags, seq=5, ack=6)
        yield f"TCP with flags {flags!r}", ip / segment / b"data"
    yield "TCP with data offset 4", ip / TCP(sport=next(sport), dport=PORT, flags="S", dataofs=4)
    yield "half a TCP header", IPv6(src=STATION6, dst=dst, nh=6) / pattern(12)


def _icmp(dst: str) -> Iterator[tuple[str, IPv6]]:
    ip = IPv6(src=STATION6, dst=dst)
    for length in (0, 1, 56, 1452):
        yield f"echo request of {length}", ip / ICMPv6EchoRequest(id=7, data=pattern(length))
    for limit in (0, 1, 255):
        request = ICMPv6EchoRequest(id=8)
        yield (
            f"echo request with hop limit {limit}",
            IPv6(src=STATION6, dst=dst, hlim=limit) / request,
        )
    yield "echo request with a wrong checksum", ip / ICMPv6EchoRequest(id=10, cksum=1)
    yield "echo reply", ip / ICMPv6EchoReply(id=12)
    for kind in (0, 5, 100, 127, 139, 155, 200, 255):
        yield f"ICMPv6 type {kind}", ip / ICMPv6Unknown(type=kind, code=0, msgbody=pattern(24))
    yield "half an ICMPv6 header", IPv6(src=STATION6, dst=dst, nh=58) / b"\x80\x00"


def _extensions(dst: str) -> Iterator[tuple[str, IPv6]]:
    ip = IPv6(src=STATION6, dst=dst)
    ways = {
        "hop-by-hop": IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]),
        "router alert": IPv6ExtHdrHopByHop(options=[RouterAlert(), Pad1(), Pad1()]),
        "an unknown option": IPv6ExtHdrHopByHop(
            options=[HBHOptUnknown(otype=0x3E, optdata=b"abcd")]
        ),
        "a refused option": IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x9E, optdata=b"abcd")]),
        "jumbo payload": IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)]),
        "destination options": IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]),
        "routing, type 0": IPv6ExtHdrRouting(type=0, segleft=1, addresses=[VIPS6[0]]),
        "routing, none left": IPv6ExtHdrRouting(type=0, segleft=0, addresses=[VIPS6[0]]),
        "routing, type 4": IPv6ExtHdrRouting(type=4, segleft=1, addresses=[VIPS6[0]]),
        "hop-by-hop behind another": IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop(),
        "atomic fragment": IPv6ExtHdrFragment(id=5),
    }
    for depth in (2, 6, 7, 12):
        chain = IPv6ExtHdrDestOpt()
        for _ in range(depth - 1):
            chain = chain / IPv6ExtHdrDestOpt()
        ways[f"{depth} extension headers"] = chain
    for name, extension in ways.items():
        yield f"{name}, echo", ip / extension / ICMPv6EchoRequest(id=13)
        yield f"{name}, UDP", ip / extension / UDP(sport=4100, dport=PORT) / b"extended"
        yield f"{name}, SYN to a closed port", ip / extension / TCP(sport=4101, dport=_CLOSED)
    lying = IPv6ExtHdrDestOpt(len=30)
    yield "an extension header that is too long", ip / lying / UDP(sport=4102, dport=PORT) / b"x"
    yield "half an extension header", IPv6(src=STATION6, dst=dst, nh=60) / b"\x11"


def _pieces(dst: str, identity: int, nh: int, data: bytes, size: int = 1448) -> list[IPv6]:
    return [
        IPv6(src=STATION6, dst=dst)
        / IPv6ExtHdrFragment(id=identity, nh=nh, offset=place // 8, m=int(place + size < len(data)))
        / data[place : place + size]
        for place in range(0, len(data), size)
    ]


def _fragments(dst: str, sport: Iterator[int]) -> Iterator[tuple[str, IPv6]]:
    def udp(length: int) -> bytes:
        whole = IPv6(src=STATION6, dst=dst) / UDP(sport=next(sport), dport=PORT) / pattern(length)
        return bytes(whole)[40:]

    echo = bytes(IPv6(src=STATION6, dst=dst) / ICMPv6EchoRequest(id=14, data=pattern(3000)))[40:]
    sets = {
        "UDP in order": _pieces(dst, 201, 17, udp(4000)),
        "UDP from behind": _pieces(dst, 202, 17, udp(4000))[::-1],
        "UDP in small pieces": _pieces(dst, 203, 17, udp(200), 8),
        "UDP overlapping": [
            *_pieces(dst, 205, 17, udp(2000)),
            *_pieces(dst, 205, 17, udp(2000), 800),
        ],
        "UDP without the first": _pieces(dst, 206, 17, udp(4000))[1:],
        "UDP without the last": _pieces(dst, 207, 17, udp(4000))[:-1],
        "echo in order": _pieces(dst, 208, 58, echo),
        "TCP at byte 8": _pieces(dst, 209, 6, pattern(24), 8),
        "SCTP": _pieces(dst, 210, 132, pattern(2000)),
    }
    for name, packets in sets.items():
        for number, packet in enumerate(packets):
            yield f"fragment {number}, {name}", packet
    odd = IPv6ExtHdrFragment(id=211, nh=17, m=1)
    yield "fragment of an odd length", IPv6(src=STATION6, dst=dst) / odd / pattern(33)


def _lies(dst: str) -> Iterator[Named]:
    good = IPv6(src=STATION6, dst=dst) / UDP(sport=4200, dport=PORT) / b"a good packet"
    whole = bytes(good)
    for first in (0x00, 0x40, 0x45, 0x50, 0x70, 0xF0):
        yield f"first byte {first:#04x}", bytes([first]) + whole[1:]
    for length in (0, 7, len(whole) - 41, len(whole) - 39, 1460, 65535):
        lying = good.copy()
        lying[IPv6].plen = length
        yield f"payload length {length}", bytes(lying)
    for length in (1, 20, 39, 40, 44):
        yield f"cut after {length}", whole[:length]
    yield "padded with zeros", whole + bytes(18)
    yield "padded with something", whole + pattern(60)
    for source in (dst, "::", "::1", "ff02::1", f"::ffff:{VIPS4[0]}"):
        yield (
            f"from {source}",
            bytes(IPv6(src=source, dst=dst) / UDP(sport=4201, dport=PORT) / b"x"),
        )


def to_address(dst: str) -> Iterator[Named]:
    """Everything that is sent to one address of the host."""
    ports = count(20000)
    for makes in (_udp(dst, ports), _tcp(dst, ports), _icmp(dst), _extensions(dst)):
        for name, packet in makes:
            yield name, bytes(packet)
    for name, number, data in _protocols():
        yield name, bytes(IPv6(src=STATION6, dst=dst, nh=number) / data)
    for name, packet in _fragments(dst, ports):
        yield name, bytes(packet)
    yield from _lies(dst)
