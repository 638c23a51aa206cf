# SPDX-License-Identifier: Apache-2.0
"""ICMP errors to the host: about its own flows, and about the tunnels to its real servers."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6Unknown, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.packet import Packet

from tests.lab.foreign.names import (
    DETOUR4,
    FAR4,
    FAR6,
    PORT,
    REALS,
    SHRUNK4,
    SHRUNK6,
    STATION4,
    STATION6,
    TINY4,
    TINY6,
    VIPS4,
    VIPS6,
)
from tests.lab.foreign.packets4 import Named, pattern

SHRUNK_TO = 1400
_TUNNEL_MTU = 1300


def _about4(source: str) -> dict[str, bytes]:
    """What is quoted: packets that the host has sent, or could have, or cannot have."""
    to_far = IP(src=source, dst=FAR4, id=1)
    udp = bytes(to_far / UDP(sport=PORT, dport=5001) / pattern(40))
    inner = IP(src=STATION4, dst=VIPS4[2]) / TCP(sport=4001, dport=PORT)
    (real, _), _ = REALS
    return {
        "UDP": udp,
        "8 bytes of UDP": udp[:28],
        "4 bytes of UDP": udp[:24],
        "half an IP header": udp[:12],
        "no IP header": b"",
        "TCP": bytes(to_far / TCP(sport=PORT, dport=5001, seq=9)),
        "ICMP": bytes(to_far / ICMP(id=9)),
        "a fragment": bytes(IP(src=source, dst=FAR4, id=1, frag=100, proto=17) / pattern(40)),
        "ESP": bytes(IP(src=source, dst=FAR4, proto=50) / pattern(40)),
        "IPv6": bytes(IPv6(src=STATION6, dst=FAR6) / UDP(sport=1, dport=2)),
        "a tunnel to no real server": bytes(to_far / inner),
        "a tunnel of another": bytes(IP(src=STATION4, dst=real) / inner),
        "TCP to a real server": bytes(IP(src=source, dst=real) / TCP(sport=PORT, dport=5001)),
        "a VIP": bytes(IP(src=VIPS4[0], dst=FAR4) / TCP(sport=PORT, dport=5001)),
    }


def _about6(source: str) -> dict[str, bytes]:
    to_far = IPv6(src=source, dst=FAR6)
    udp = bytes(to_far / UDP(sport=PORT, dport=5001) / pattern(40))
    inner = IPv6(src=STATION6, dst=VIPS6[2]) / TCP(sport=4001, dport=PORT)
    (_, real), _ = REALS
    return {
        "UDP": udp,
        "4 bytes of UDP": udp[:44],
        "half an IP header": udp[:20],
        "no IP header": b"",
        "TCP": bytes(to_far / TCP(sport=PORT, dport=5001, seq=9)),
        "an extension header": bytes(to_far / IPv6ExtHdrDestOpt() / UDP(sport=PORT, dport=5001)),
        "a fragment": bytes(to_far / IPv6ExtHdrFragment(id=5, offset=100, nh=17) / pattern(40)),
        "ESP": bytes(IPv6(src=source, dst=FAR6, nh=50) / pattern(40)),
        "IPv4": bytes(IP(src=STATION4, dst=FAR4) / UDP(sport=1, dport=2)),
        "a tunnel to no real server": bytes(to_far / inner),
        "a tunnel of another": bytes(IPv6(src=STATION6, dst=real) / inner),
        "TCP to a real server": bytes(IPv6(src=source, dst=real) / TCP(sport=PORT, dport=5001)),
        "a VIP": bytes(IPv6(src=VIPS6[0], dst=FAR6) / TCP(sport=PORT, dport=5001)),
    }


def too_big4(dst: str, quoted: bytes, mtu: int) -> bytes:
    """A router's "fragmentation needed" (RFC 1191)."""
    return bytes(IP(src=STATION4, dst=dst, id=2) / ICMP(type=3, code=4, nexthopmtu=mtu) / quoted)


def too_big6(dst: str, quoted: bytes, mtu: int) -> bytes:
    """A router's "packet too big" (RFC 4443, 3.2)."""
    message = mtu.to_bytes(4, "big") + quoted
    return bytes(IPv6(src=STATION6, dst=dst) / ICMPv6Unknown(type=2, code=0, msgbody=message))


def errors4(dst: str) -> Iterator[Named]:
    """Errors about the host's own packets, over IPv4."""
    ip = IP(src=STATION4, dst=dst, id=3)
    for name, quoted in _about4(dst).items():
        for kind, code in ((3, 1), (3, 3), (4, 0), (11, 0), (12, 0)):
            yield (
                f"error {kind}/{code} about {name}",
                bytes(ip / ICMP(type=kind, code=code) / quoted),
            )
        yield f"error 3/4 about {name}", too_big4(dst, quoted, 1450)
    for name, end, mtu in (("", SHRUNK4, SHRUNK_TO), ("a tiny ", TINY4, 68), ("no ", TINY4, 0)):
        quoted = bytes(IP(src=dst, dst=end, id=1) / UDP(sport=PORT, dport=5001) / pattern(40))
        yield f"{name}MTU told", too_big4(dst, quoted, mtu)
    moved = bytes(IP(src=dst, dst=FAR4) / UDP(sport=PORT, dport=5002) / pattern(8))
    yield "redirect", bytes(ip / ICMP(type=5, code=1, gw=DETOUR4) / moved)


def errors6(dst: str) -> Iterator[Named]:
    """Errors about the host's own packets, over IPv6."""
    ip = IPv6(src=STATION6, dst=dst)
    for name, quoted in _about6(dst).items():
        for kind, code in ((1, 0), (1, 4), (3, 0), (4, 1)):
            message = ICMPv6Unknown(type=kind, code=code, msgbody=bytes(4) + quoted)
            yield f"error {kind}/{code} about {name}", bytes(ip / message)
        yield f"error 2/0 about {name}", too_big6(dst, quoted, 1450)
    for name, end, mtu in (("", SHRUNK6, SHRUNK_TO), ("a tiny ", TINY6, 68), ("no ", TINY6, 0)):
        quoted = bytes(IPv6(src=dst, dst=end) / UDP(sport=PORT, dport=5001) / pattern(40))
        yield f"{name}MTU told", too_big6(dst, quoted, mtu)


def tunnel_errors(source4: str, source6: str) -> Iterator[Named]:
    """Errors about the balancer's tunnels: they are read, and left to the kernel all the same."""
    inner4 = IP(src=STATION4, dst=VIPS4[2]) / TCP(sport=4001, dport=PORT)
    inner6 = IPv6(src=STATION6, dst=VIPS6[2]) / TCP(sport=4001, dport=PORT)
    gue = UDP(sport=0xC001, dport=6080, chksum=0)
    inners: dict[str, Packet] = {
        "4": inner4,
        "6": inner6,
        "gue 4": gue / inner4,
        "gue 6": gue / inner6,
    }
    ip4, ip6 = IP(src=STATION4, dst=source4, id=4), IPv6(src=STATION6, dst=source6)
    for number, (real4, real6) in enumerate(REALS):
        for name, inner in inners.items():
            about4 = bytes(IP(src=source4, dst=real4, id=0, flags="DF") / inner)
            about6 = bytes(IPv6(src=source6, dst=real6) / inner)
            yield f"{name} in 4 to {number}: too big", too_big4(source4, about4, _TUNNEL_MTU)
            yield f"{name} in 6 to {number}: too big", too_big6(source6, about6, _TUNNEL_MTU)
            yield (
                f"{name} in 4 to {number}: unreachable",
                bytes(ip4 / ICMP(type=3, code=1) / about4),
            )
            lost = ICMPv6Unknown(type=1, code=0, msgbody=bytes(4) + about6)
            yield f"{name} in 6 to {number}: unreachable", bytes(ip6 / lost)
