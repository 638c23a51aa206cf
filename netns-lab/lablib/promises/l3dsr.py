# SPDX-License-Identifier: Apache-2.0
"""Promises of mode l3dsr, whatever the method."""

from __future__ import annotations

from collections.abc import Iterator

from lablib.evidence import Evidence, Pair
from lablib.promises.checks import Promise, each, pairs, same_frames, transport
from lablib.promises.common import neighbours, served_at
from lablib.promises.dsr import delivery, replies


def requests(seen: Evidence) -> list[Pair]:
    """Each request frame, as the balancer got it and as it sent it."""
    return list(pairs(seen.into_balancer(), seen.out_of_balancer(), transport))


def sent(seen: Evidence, both: list[Pair]) -> Iterator[Promise]:
    """What the balancer does to every frame."""
    before, after = seen.into_balancer(), seen.out_of_balancer()
    hops = {seen.to_real(real)[0].destination_mac for real in seen.reals.values()}
    name = "each request frame leaves the balancer exactly once"
    yield same_frames(name, before, after, (transport, transport))
    balancer = seen.balancer.mac
    yield each("src MAC: the balancer's", both, lambda _, a: a.source_mac == balancer)
    yield each("dst MAC: the next hop's (router)", both, lambda _, a: a.destination_mac in hops)


def ports_kept(both: list[Pair]) -> Promise:
    """Both of them."""
    return each(
        "ports kept",
        both,
        lambda b, a: (a.source_port, a.destination_port) == (b.source_port, b.destination_port),
    )


def marked(both: list[Pair]) -> list[Pair]:
    """Those of which the client set DSCP and ECN."""
    return [pair for pair in both if pair[0].ip.tos >> 2 and pair[0].ip.tos & 3]


def around(seen: Evidence) -> Iterator[Promise]:
    """What happens before and behind the balancer."""
    yield from delivery(seen)
    yield _at_the_vip(seen)
    yield from replies(seen)
    yield neighbours(seen)


def _at_the_vip(seen: Evidence) -> Promise:
    name = "on the real server, requests arrive at the VIP's socket"
    return served_at(name, ((found, seen.vip) for found in seen.replies(seen.client.name)))
