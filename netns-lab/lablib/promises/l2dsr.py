# SPDX-License-Identifier: Apache-2.0
"""Promises of mode l2dsr."""

from __future__ import annotations

from collections.abc import Iterator

from lablib.evidence import Evidence
from lablib.promises.checks import Promise, behind_ethernet, each, pairs, same_frames
from lablib.promises.common import neighbours
from lablib.promises.dsr import delivery, replies


def _requests(seen: Evidence) -> Iterator[Promise]:
    """Row l2dsr, request."""
    before, after = seen.into_balancer(), seen.out_of_balancer()
    both = list(pairs(before, after, behind_ethernet))
    balancer, reals = seen.balancer.mac, seen.reals
    name = "each request frame leaves the balancer exactly once"
    yield same_frames(name, before, after, (behind_ethernet, behind_ethernet))
    yield each("src MAC: the balancer's", both, lambda _, a: a.source_mac == balancer)
    yield each("dst MAC: a real server's", both, lambda _, a: a.destination_mac in reals)
    yield each("src IP kept", both, lambda b, a: a.source == b.source)
    yield each("dst IP kept (VIP)", both, lambda b, a: a.destination == b.destination == seen.vip)
    yield each(
        "ports kept",
        both,
        lambda b, a: (a.source_port, a.destination_port) == (b.source_port, b.destination_port),
    )
    yield each("TTL kept", both, lambda b, a: a.ip.ttl == b.ip.ttl)
    marked = [pair for pair in both if pair[0].ip.tos >> 2 and pair[0].ip.tos & 3]
    name = "DSCP and ECN kept (set by the client)"
    yield each(name, marked, lambda b, a: a.ip.tos == b.ip.tos)
    yield each(
        "checksums kept, and right",
        both,
        lambda b, a: (
            a.checksums_right() and (a.ip.checksum, a.l4_checksum) == (b.ip.checksum, b.l4_checksum)
        ),
    )
    yield each("L3/L4 bytes identical", both, lambda b, a: a.behind_ethernet == b.behind_ethernet)


def l2dsr(seen: Evidence) -> list[Promise]:
    """The table's rows for mode l2dsr."""
    return [*_requests(seen), *delivery(seen), *replies(seen), neighbours(seen)]
