# SPDX-License-Identifier: Apache-2.0
"""Promises of mode l3dsr, methods ipip and gue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network

from lablib.evidence import Evidence, Flow, Pair
from lablib.frames import IPIP, IPV6, UDP, Header, Segment
from lablib.promises.checks import Promise, each, packet, promise, same_frames
from lablib.promises.l3dsr import around, marked, ports_kept, requests, sent
from lablib.topology import Network

_GUE_PORT = 6080
_DONT_FRAGMENT = b"\x40\x00"
Holds = Callable[[Segment, Segment, Header], object]


def _outer(name: str, both: list[Pair], holds: Holds) -> Promise:
    """``holds`` is true of every (before, after, the tunnel's IP header)."""
    return each(name, both, lambda b, a: a.outer is not None and holds(b, a, a.outer))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _inner(seen: Evidence, both: list[Pair]) -> Iterator[Promise]:
    """The packet in the tunnel."""
    yield each("inner src IP kept", both, lambda b, a: a.source == b.source)
    name = "inner dst IP kept (VIP)"
    yield each(name, both, lambda b, a: a.destination == b.destination == seen.vip)
    yield ports_kept(both)
    name = "inner DSCP and ECN kept (set by the client)"
    yield each(name, marked(both), lambda b, a: a.ip.tos == b.ip.tos)
    yield each("inner TTL - 1", both, lambda b, a: a.ip.ttl == b.ip.ttl - 1)
    yield each(
        "inner checksums right, TCP's and UDP's kept",
        both,
        lambda b, a: a.checksums_right() and a.l4_checksum == b.l4_checksum,
    )
    yield each(
        "inner bytes identical, but for TTL and IPv4 checksum",
        both,
        lambda b, a: a.ip.blanked == b.ip.blanked and a.transport == b.transport,
    )


def _taken_out(seen: Evidence) -> Promise:
    """What each real server gets is what was in the tunnel."""
    sent = [found for found in seen.out_of_balancer() if found.outer is not None]
    taken = [found for real in seen.reals.values() for found in seen.requests(real)]
    name = "real servers take the packet out of the tunnel, byte for byte"
    return same_frames(name, sent, taken, (packet, packet))


def _sources(seen: Evidence) -> Network:
    """Where the tunnel's source must be from: what is configured, or the balancer's own address."""
    version = seen.vip.version
    for prefix in seen.topology.tunnel_source:
        if prefix.version == version:
            return prefix
    return ip_network(str(seen.balancer.address(version)))


def _header(seen: Evidence, both: list[Pair], protocol: int, size: int) -> Iterator[Promise]:
    """The tunnel's IP header; ``size``: of what is between it and the packet."""
    version = seen.vip.version
    first = 0x45 if version == 4 else 0x60
    name = f"outer header: IPv{version}" + (", 20 bytes" if version == 4 else "")
    mask = 0xFF if version == 4 else 0xF0
    yield _outer(name, both, lambda b, a, o: o.data[0] & mask == first)
    sources = _sources(seen)
    name = f"outer src IP: {sources if sources.num_addresses > 1 else sources[0]}"
    yield _outer(name, both, lambda b, a, o: o.source in sources)
    yield _spread("outer src IP", both, lambda a, o: o.source, sources.num_addresses > 1)
    name = "outer dst IP: a real server's"
    yield _outer(name, both, lambda b, a, o: o.destination in seen.real_addresses)
    name = "outer DSCP and ECN: the client's"
    yield _outer(name, marked(both), lambda b, a, o: o.tos == b.ip.tos)
    yield _outer("outer TTL 64", both, lambda b, a, o: o.ttl == 64)
    yield _outer(f"outer protocol {protocol}", both, lambda b, a, o: o.protocol == protocol)
    yield _outer(
        "outer length: that of the packet and the headers, to the frame's end",
        both,
        lambda b, a, o: (
            o.packet_length == len(o.data) + size + b.ip.packet_length == a.frame.length - 14
        ),
    )
    if version == 4:
        yield _outer(
            "outer identification 0, DF set, no fragment",
            both,
            lambda b, a, o: o.data[4:8] == bytes(2) + _DONT_FRAGMENT,
        )
        yield _outer("outer header checksum right", both, lambda b, a, o: o.checksum_right)
    else:
        yield _spread("outer flow label", both, lambda a, o: o.flow_label, True)


def _spread(
    name: str, both: list[Pair], value: Callable[[Segment, Header], object], varies: bool
) -> Promise:
    """The value is the same in all packets of a flow; if ``varies``, not in all flows."""
    values: dict[Flow, set[object]] = {}
    checked, wrong = 0, ""
    for _, after in both:
        if after.outer is not None:
            checked += 1
            values.setdefault(after.flow, set()).add(value(after, after.outer))
    for flow, found in values.items():
        if len(found) > 1 and not wrong:
            wrong = f"flow {flow} had {', '.join(sorted(map(str, found)))}"
    if varies and not wrong and len(values) > 1 and len(set().union(*values.values())) == 1:
        wrong = f"{next(iter(set().union(*values.values())))} in all of {len(values)} flows"
    name += ": the same within a flow" + (", others in other flows" if varies else "")
    return promise(name, checked, wrong)


def ipip(seen: Evidence) -> list[Promise]:
    """The table's rows for method ipip: IPv4 in IPv4, IPv6 in IPv6."""
    both = requests(seen)
    protocol = IPIP if seen.vip.version == 4 else IPV6
    return [
        *sent(seen, both),
        *_inner(seen, both),
        *_header(seen, both, protocol, 0),
        _taken_out(seen),
        *around(seen),
    ]


def _udp(both: list[Pair]) -> Iterator[Promise]:
    """The UDP header, behind which the packet begins: GUE, variant 1."""
    in_udp = [pair for pair in both if pair[1].udp]
    name = "outer UDP, no header between it and the packet"
    yield _outer(name, both, lambda b, a, o: a.l3 == 14 + len(o.data) + 8 and a.udp)
    name = "outer UDP source port: 49152-65535"
    yield each(name, in_udp, lambda _, a: _number(a.udp[0:2]) >= 49152)
    yield _spread("outer UDP source port", both, lambda a, _: a.udp[0:2].hex(), True)
    name = f"outer UDP destination port: {_GUE_PORT}"
    yield each(name, in_udp, lambda _, a: _number(a.udp[2:4]) == _GUE_PORT)
    name = "outer UDP length: 8 and that of the packet"
    yield each(name, in_udp, lambda b, a: _number(a.udp[4:6]) == 8 + b.ip.packet_length)
    yield each("outer UDP checksum: 0 (none)", in_udp, lambda _, a: a.udp[6:8] == bytes(2))


def gue(seen: Evidence) -> list[Promise]:
    """The table's rows for method gue."""
    both = requests(seen)
    return [
        *sent(seen, both),
        *_inner(seen, both),
        *_header(seen, both, UDP, 8),
        *_udp(both),
        _taken_out(seen),
        *around(seen),
    ]
