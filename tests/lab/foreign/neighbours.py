# SPDX-License-Identifier: Apache-2.0
"""ARP, neighbour discovery, IGMP and MLD, none of it about a VIP."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet6 import (
    ICMPv6MLDone,
    ICMPv6MLQuery,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Ether

from tests.lab.foreign.names import (
    ADVERTISED,
    FAR6,
    HOST4,
    HOST6,
    HOST_LINK_LOCAL,
    HOST_MAC,
    MOVED4,
    MOVED6,
    MOVED_MAC,
    OTHER_MAC,
    REALS,
    ROUTER6,
    STATION4,
    STATION6,
    STATION_MAC,
    TWIN4,
    TWIN6,
    VIPS6,
)
from tests.lab.foreign.packets4 import Named, pattern

_ALL = "ff:ff:ff:ff:ff:ff"


def _solicited_node(address: IPv6) -> tuple[str, str]:
    """The group of an address (RFC 4291, 2.7.1), and its MAC address."""
    low = int.from_bytes(bytes(IPv6(dst=address))[37:40], "big")
    return f"ff02::1:ff{low >> 16:02x}:{low & 0xFFFF:x}", "33:33:ff:" + ":".join(
        f"{byte:02x}" for byte in low.to_bytes(3, "big")
    )


def arp() -> Iterator[Named]:
    """RFC 826, RFC 5227."""

    def packet(to: str, **fields: object) -> Ether:
        return Ether(src=STATION_MAC, dst=to) / ARP(hwsrc=STATION_MAC, hwdst=bytes(6), **fields)

    ask = {"psrc": STATION4, "pdst": HOST4}
    frames = {
        "request": packet(_ALL, **ask),
        "request, padded": packet(_ALL, **ask) / bytes(18),
        "request, unicast": packet(HOST_MAC, **ask),
        "request to another's MAC": packet(OTHER_MAC, **ask),
        "request for the twin": packet(_ALL, psrc=STATION4, pdst=TWIN4),
        "request for a real server": packet(_ALL, psrc=STATION4, pdst=REALS[0][0]),
        "probe of another's address": packet(_ALL, psrc="0.0.0.0", pdst="10.78.0.77"),
        "reply": packet(HOST_MAC, op=2, **ask),
        "reply to all": packet(_ALL, op=2, **ask),
        "gratuitous request": packet(_ALL, psrc=STATION4, pdst=STATION4),
        "reverse request": packet(_ALL, op=3, **ask),
        "operation 99": packet(_ALL, op=99, **ask),
        "hardware type 6": packet(_ALL, hwtype=6, **ask),
        "protocol type IPv6": packet(_ALL, ptype=0x86DD, **ask),
        "hardware length 8": packet(_ALL, hwlen=8, **ask),
    }
    for name, frame in frames.items():
        yield f"ARP {name}", bytes(frame)
    for length in (14, 15, 22, 41):
        yield f"ARP cut after {length}", bytes(frames["request"])[:length]
    moved = ARP(op=2, hwsrc=MOVED_MAC, psrc=MOVED4, hwdst=_ALL, pdst=MOVED4)
    yield "ARP announcement of a new MAC", bytes(Ether(src=MOVED_MAC, dst=_ALL) / moved)


def _solicitations() -> Iterator[tuple[str, Ether]]:
    source = ICMPv6NDOptSrcLLAddr(lladdr=STATION_MAC)
    for name, target in (("host", HOST6), ("twin", TWIN6), ("link local", HOST_LINK_LOCAL)):
        group, mac = _solicited_node(target)
        ask = ICMPv6ND_NS(tgt=target)
        for to, frame_to in ((group, mac), (target, HOST_MAC), (group, OTHER_MAC)):
            ether, ip = Ether(src=STATION_MAC, dst=frame_to), IPv6(src=STATION6, dst=to, hlim=255)
            yield f"NS for {name} to {to} at {frame_to}", ether / ip / ask / source
        ether, ip = Ether(src=STATION_MAC, dst=mac), IPv6(src=STATION6, dst=group, hlim=255)
        yield f"NS for {name}, no option", ether / ip / ask
        yield f"NS for {name}, hop limit", ether / IPv6(src=STATION6, dst=group, hlim=254) / ask
        yield f"NS for {name}, checksum", ether / ip / ICMPv6ND_NS(tgt=target, cksum=1)
        yield f"NS for {name}, code", ether / ip / ICMPv6ND_NS(tgt=target, code=1)
        yield f"NS for {name}, padded", ether / ip / ask / source / pattern(16)
    group, mac = _solicited_node(VIPS6[0])
    ether, ip = Ether(src=STATION_MAC, dst=mac), IPv6(src=STATION6, dst=group, hlim=254)
    yield "NS for a VIP that is routed, hence none", ether / ip / ICMPv6ND_NS(tgt=VIPS6[0])
    group, mac = _solicited_node("fd78::77")
    ether, ip = Ether(src=STATION_MAC, dst=mac), IPv6(src="::", dst=group, hlim=255)
    yield "NS of duplicate address detection", ether / ip / ICMPv6ND_NS(tgt="fd78::77")


def _others() -> Iterator[tuple[str, Ether]]:
    nodes = Ether(src=STATION_MAC, dst="33:33:00:00:00:01")
    routers = Ether(src=STATION_MAC, dst="33:33:00:00:00:02")
    source = ICMPv6NDOptSrcLLAddr(lladdr=STATION_MAC)
    to_all = IPv6(src=STATION6, dst="ff02::1", hlim=255)
    to_host = Ether(src=STATION_MAC, dst=HOST_MAC)
    ip = IPv6(src=STATION6, dst=HOST6, hlim=255)
    mine = ICMPv6ND_NA(tgt=STATION6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=STATION_MAC)
    yield "NA to all", nodes / to_all / mine
    yield "NA to the host", to_host / ip / mine
    theirs = ICMPv6ND_NA(tgt=MOVED6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=MOVED_MAC)
    moved = Ether(src=MOVED_MAC, dst="33:33:00:00:00:01")
    yield "NA of a new MAC", moved / IPv6(src=MOVED6, dst="ff02::1", hlim=255) / theirs
    yield "RS", routers / IPv6(src=STATION6, dst="ff02::2", hlim=255) / ICMPv6ND_RS() / source
    prefix = ICMPv6NDOptPrefixInfo(
        prefix=ADVERTISED, prefixlen=64, L=1, A=1, validlifetime=86400, preferredlifetime=14400
    )
    advertisement = ICMPv6ND_RA(routerlifetime=1800, chlim=64) / prefix / source
    yield "RA", nodes / IPv6(src=ROUTER6, dst="ff02::1", hlim=255) / advertisement
    stray = advertisement / ICMPv6NDOptMTU(mtu=1280)
    yield "RA of no router", nodes / to_all / stray
    yield "RA from afar", nodes / IPv6(src=ROUTER6, dst="ff02::1", hlim=64) / stray
    redirect = ICMPv6ND_Redirect(tgt=ROUTER6, dst=FAR6)
    yield "redirect", to_host / IPv6(src=ROUTER6, dst=HOST6, hlim=255) / redirect
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
    groups: dict[str, tuple[str, object]] = {
        "MLD report": ("ff02::1:3", ICMPv6MLReport(mladdr="ff02::1:3")),
        "MLD done": ("ff02::2", ICMPv6MLDone(mladdr="ff02::1:3")),
        "MLD query": ("ff02::1", ICMPv6MLQuery(mrd=1)),
        "MLDv2 report": (
            "ff02::16",
            ICMPv6MLReport2(records_number=1) / (b"\4\0\0\0" + pattern(16)),
        ),
    }
    for name, (group, message) in groups.items():
        mac = (
            f"33:33:00:{'01' if group.endswith('1:3') else '00'}:00:{group.rpartition(':')[2]:0>2}"
        )
        head = Ether(src=STATION_MAC, dst=mac) / IPv6(src=ROUTER6, dst=group, hlim=1)
        yield name, head / alert / message
        yield f"{name}, no router alert", head / message


def discovery() -> Iterator[Named]:
    """RFC 4861, RFC 2710, RFC 3810."""
    for makes in (_solicitations(), _others()):
        for name, frame in makes:
            yield name, bytes(frame)
