# SPDX-License-Identifier: Apache-2.0
"""Promises of mode l3dsr, method dscp."""

from __future__ import annotations

from collections.abc import Iterator

from lablib.evidence import Evidence, Pair
from lablib.frames import Header
from lablib.promises.checks import Promise, each
from lablib.promises.l3dsr import around, marked, ports_kept, requests, sent


def _rest(header: Header) -> bytes:
    """An IP header without what the method changes."""
    data = bytearray(header.blanked)
    if header.version == 4:
        data[1], data[16:20] = 0, bytes(4)
    else:
        data[0], data[1], data[24:40] = data[0] & 0xF0, data[1] & 0x0F, bytes(16)
    return bytes(data)


def _rewritten(seen: Evidence, both: list[Pair]) -> Iterator[Promise]:
    """Row dscp, request."""
    code = seen.topology.dscp
    yield each("src IP kept", both, lambda b, a: a.source == b.source)
    yield each(
        "dst IP: a real server's in place of the VIP",
        both,
        lambda b, a: b.destination == seen.vip and a.destination in seen.real_addresses,
    )
    yield ports_kept(both)
    own = [pair for pair in both if pair[0].ip.tos >> 2 not in (0, code)]
    name = f"DSCP: {code}, the VIP's code, in place of the client's own"
    yield each(name, own, lambda _, a: a.ip.tos >> 2 == code)
    name = "ECN kept (set by the client)"
    yield each(name, marked(both), lambda b, a: a.ip.tos & 3 == b.ip.tos & 3)
    yield each("TTL - 1", both, lambda b, a: a.ip.ttl == b.ip.ttl - 1)
    yield each("rest of the IP header kept", both, lambda b, a: _rest(a.ip) == _rest(b.ip))
    yield each("checksums right", both, lambda _, a: a.checksums_right())
    name = "TCP and UDP kept, but for the checksum"
    yield each(name, both, lambda b, a: a.outer is None and a.transport == b.transport)


def dscp(seen: Evidence) -> list[Promise]:
    """The table's rows for the method."""
    both = requests(seen)
    return [*sent(seen, both), *_rewritten(seen, both), *around(seen)]
