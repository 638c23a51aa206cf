# SPDX-License-Identifier: Apache-2.0
"""All frames that are sent to the host, with names: none is for a VIP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from random import Random

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import LLC, Dot3, Ether

from tests.lab.foreign import errors, neighbours, packets4, packets6
from tests.lab.foreign.names import (
    ADVERTISED6,
    FAR4,
    FAR6,
    HOST4,
    HOST6,
    HOST_MAC,
    OTHER_MAC,
    PORT,
    REALS,
    STATION4,
    STATION6,
    STATION_MAC,
    TARGETS,
    VIPS4,
    VIPS6,
)
from tests.lab.foreign.noise import random_frames
from tests.lab.foreign.packets4 import Named, pattern

_LARGEST = 1514  # an interface sends 4 bytes more with an 802.1Q tag
_LEAVE = "2200e9f90000000103000000ef010203"  # RFC 3376, 4.2
_IPV4, _IPV6, _VLAN, _QINQ = 0x0800, 0x86DD, 0x8100, 0x88A8


def ether(kind: int, packet: bytes, to: str = HOST_MAC) -> bytes:
    """A frame of the station."""
    return bytes(Ether(src=STATION_MAC, dst=to, type=kind)) + packet


def _tagged(tags: Sequence[tuple[int, int]], frame: bytes) -> bytes:
    """The frame with VLAN tags (type, tag), the outer one first."""
    inserted = b"".join(kind.to_bytes(2, "big") + tag.to_bytes(2, "big") for kind, tag in tags)
    return frame[:12] + inserted + frame[12:]


def _to_another(frame: bytes) -> bytes:
    return bytes.fromhex(OTHER_MAC.replace(":", "")) + frame[6:]


_VARIANTS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ", to another MAC": _to_another,
    ", tagged": partial(_tagged, [(_VLAN, 20)]),
    ", priority tagged": partial(_tagged, [(_VLAN, 0xA000)]),
    ", tagged twice": partial(_tagged, [(_QINQ, 0x3064), (_VLAN, 20)]),
    ", tagged thrice": partial(_tagged, [(_QINQ, 100), (_VLAN, 20), (_VLAN, 30)]),
    ", tagged with 802.1ad": partial(_tagged, [(_QINQ, 100)]),
}


def _varied(frames: list[Named]) -> Iterator[Named]:
    """Frames to the host, then again to another station, then with tags."""
    for more, change in _VARIANTS.items():
        for name, frame in frames:
            changed = change(frame)
            if len(changed) <= _LARGEST + 4 * (changed[12:14] == b"\x81\x00"):
                yield name + more, changed


def _unicast() -> Iterator[Named]:
    for target in TARGETS:
        for make4 in (packets4.to_address, errors.errors4):
            for name, packet in make4(target.v4):
                yield f"{target.name}, IPv4, {name}", ether(_IPV4, packet)
        for make6 in (packets6.to_address, errors.errors6):
            for name, packet in make6(target.v6):
                yield f"{target.name}, IPv6, {name}", ether(_IPV6, packet)


def _elsewhere() -> Iterator[Named]:
    """To groups, to everybody, to addresses that are not the host's."""
    data = UDP(sport=4300, dport=PORT) / b"to many"
    for address, mac in (
        ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("10.78.0.255", "ff:ff:ff:ff:ff:ff"),
        ("224.0.0.1", "01:00:5e:00:00:01"),
        ("224.0.0.251", "01:00:5e:00:00:fb"),
        ("239.1.2.3", "01:00:5e:01:02:03"),
        ("0.0.0.0", HOST_MAC),
        ("127.0.0.1", HOST_MAC),
        ("240.0.0.1", HOST_MAC),
        (FAR4, HOST_MAC),
        (REALS[0][0], HOST_MAC),
        (HOST4, "ff:ff:ff:ff:ff:ff"),
    ):
        for name, rest in (("UDP", data), ("echo", ICMP(id=20)), ("SYN", TCP(dport=PORT))):
            packet = bytes(IP(src=STATION4, dst=address, id=44) / rest)
            yield f"{name} to {address} at {mac}", ether(_IPV4, packet, mac)
    for address, mac in (
        ("ff02::1", "33:33:00:00:00:01"),
        ("ff02::fb", "33:33:00:00:00:fb"),
        ("ff0e::1:2:3", "33:33:00:02:00:03"),
        ("::", HOST_MAC),
        ("::1", HOST_MAC),
        (f"::ffff:{VIPS4[0]}", HOST_MAC),
        (f"::{VIPS4[0]}", HOST_MAC),
        (FAR6, HOST_MAC),
        (REALS[0][1], HOST_MAC),
    ):
        for name, rest in (("UDP", data), ("echo", ICMPv6EchoRequest(id=20)), ("SYN", TCP())):
            packet = bytes(IPv6(src=STATION6, dst=address) / rest)
            yield f"{name} to {address} at {mac}", ether(_IPV6, packet, mac)


def _groups() -> Iterator[Named]:
    """IGMP, for which IPv4 has a router alert (RFC 2236, 2)."""
    alert = [IPOption_Router_Alert()]
    for name, group, mac, message in (
        ("query", "224.0.0.1", "01:00:5e:00:00:01", "1101eefe00000000"),
        ("report", "239.1.2.3", "01:00:5e:01:02:03", "1600f8faef010203"),
        ("leave of version 3", "224.0.0.22", "01:00:5e:00:00:16", _LEAVE),
        ("leave", "224.0.0.2", "01:00:5e:00:00:02", "1700f7faef010203"),
    ):
        head = IP(src=STATION4, dst=group, ttl=1, proto=2, options=alert)
        yield f"IGMP {name}", ether(_IPV4, bytes(head / bytes.fromhex(message)), mac)


def _other_types() -> Iterator[Named]:
    """What is no IP: 802.2 frames, protocols of the link, EtherTypes that nobody has."""
    bridges = "01:80:c2:00:00:00"
    bpdu = bytes.fromhex(
        "0000000000 8000020000000001 00000000 8000020000000001 8001 0000 1400 0200 0f00"
    )
    stp = Dot3(src=STATION_MAC, dst=bridges) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / bpdu
    yield "STP", bytes(stp)
    yield "STP, padded", bytes(stp) + bytes(8)
    snap = Dot3(src=STATION_MAC, dst="01:00:0c:cc:cc:cc") / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
    yield "SNAP", bytes(snap / (bytes.fromhex("00000c2000") + pattern(40)))
    yield "a length that lies", ether(1500, pattern(40))
    known = {
        "LLDP": (0x88CC, "01:80:c2:00:00:0e"),
        "pause": (0x8808, "01:80:c2:00:00:01"),
        "LACP": (0x8809, "01:80:c2:00:00:02"),
        "EAPOL": (0x888E, "01:80:c2:00:00:03"),
        "PTP": (0x88F7, "01:1b:19:00:00:00"),
        "MPLS": (0x8847, HOST_MAC),
        "PPPoE": (0x8864, HOST_MAC),
        "MACsec": (0x88E5, HOST_MAC),
    }
    for name, (kind, to) in known.items():
        yield name, ether(kind, pattern(50), to)
    random = Random(7)
    for kind in (
        0,
        1,
        0x05FF,
        0x0600,
        0xFFFF,
        *(random.randrange(0x600, 0x10000) for _ in range(32)),
    ):
        yield f"EtherType {kind:#06x}", ether(kind, pattern(random.randrange(1, 1500)))
    for kind in (_IPV4, _IPV6, 0x88B6):
        for length in (0, 1, 45, 46, 1500):
            yield f"{length} bytes of EtherType {kind:#06x}", ether(kind, pattern(length))
    for kind in (_VLAN, _QINQ):
        yield f"tag {kind:#06x} and no more", ether(kind, b"\x00\x14" + _IPV4.to_bytes(2, "big"))
        yield f"half a tag {kind:#06x}", ether(kind, b"\x00")
        yield f"half a tag in {kind:#06x}", ether(kind, b"\x00\x14\x81\x00\x00")


@cache
def foreign() -> list[Named]:
    """What is for no VIP."""
    made = [*neighbours.arp(), *neighbours.discovery(), *_elsewhere(), *_groups(), *_other_types()]
    return [*made, *_varied(list(_unicast())), *random_frames()]


def about_tunnels() -> list[Named]:
    """ICMP errors about packets that dsrlb could have sent to its real servers."""
    found = errors.tunnel_errors(HOST4, HOST6)
    return [
        (name, ether(_IPV4 if packet[0] >> 4 == 4 else _IPV6, packet)) for name, packet in found
    ]


def _to_vip() -> Iterator[tuple[int, str, bytes]]:
    for rest4 in (ICMP(id=30), UDP(sport=4400, dport=PORT) / b"hi", TCP(sport=4400, dport=PORT)):
        for vip in VIPS4:
            yield _IPV4, vip, bytes(IP(src=STATION4, dst=vip, id=45) / rest4)
    for rest6 in (ICMPv6EchoRequest(id=30), UDP(sport=4400, dport=PORT) / b"", TCP(dport=PORT)):
        for vip in VIPS6:
            yield _IPV6, vip, bytes(IPv6(src=STATION6, dst=vip) / rest6)


def to_other_hosts() -> list[Named]:
    """To VIPs, but to other stations' MAC addresses: a switch floods them now and then."""
    made = []
    for number, (kind, vip, packet) in enumerate(_to_vip()):
        for mac in (OTHER_MAC, "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"):
            made.append((f"{number} to {vip} at {mac}", ether(kind, packet, mac)))
    return made


def to_vips() -> list[Named]:
    """What the kernel must not see: the proof that the capture stands behind dsrlb."""
    return [
        (f"{number} to {vip}", ether(kind, data))
        for number, (kind, vip, data) in enumerate(_to_vip())
    ]


def to_advertised() -> list[Named]:
    """To the address that the host made of the router advertisement."""
    echo = IPv6(src=STATION6, dst=ADVERTISED6) / ICMPv6EchoRequest(id=40, data=b"advertised")
    return [("echo to the advertised address", ether(_IPV6, bytes(echo)))]


def last_words() -> dict[bytes, bytes]:
    """To each of the service's addresses a datagram, by what is in it."""
    found = {}
    for number, target in enumerate(TARGETS):
        udp4 = UDP(sport=4500, dport=PORT) / (words4 := b"the last over IPv4, %d" % number)
        udp6 = UDP(sport=4500, dport=PORT) / (words6 := b"the last over IPv6, %d" % number)
        found[words4] = ether(_IPV4, bytes(IP(src=STATION4, dst=target.v4) / udp4))
        found[words6] = ether(_IPV6, bytes(IPv6(src=STATION6, dst=target.v6) / udp6))
    return found
