# SPDX-License-Identifier: Apache-2.0
"""Promises of mode nat about connections that real servers open themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lablib.crossings import Ends, ends, matched, turned
from lablib.evidence import Evidence, Pair
from lablib.frames import Segment
from lablib.promises.checks import Promise, each, promise
from lablib.promises.translated import kept, once

_OUT, _BACK = "outbound", "outbound, replies"


def outbound(seen: Evidence) -> Iterator[Promise]:
    """They leave with a pool address, and their replies come back."""
    client = seen.client.address(seen.vip.version)
    inner, outer = seen.outbound[seen.inner_port], seen.outbound[seen.outer_port]

    def split(found: list[Segment]) -> tuple[list[Segment], list[Segment]]:
        """(to the client, from there)"""
        to = [one for one in found if one.destination == client]
        return to, [one for one in found if one.source == client]

    (asked, given), (sent, came) = split(inner), split(outer)
    requests, replies = list(matched(asked, sent)), list(matched(came, given))
    yield once(_OUT, asked, sent)
    yield from _requests(seen, requests)
    yield once(_BACK, came, given)
    yield from _replies(seen, requests, replies)


def _requests(seen: Evidence, both: list[Pair]) -> Iterator[Promise]:
    pool, leg = seen.topology.pool, seen.topology.path(seen.balancer, seen.client)[0]
    yield each(
        f"{_OUT}: src MAC the balancer's, dst MAC the next hop's",
        both,
        lambda _, a: (a.source_mac, a.destination_mac) == (leg.source_mac, leg.destination_mac),
    )
    yield each(
        f"{_OUT}: src IP: one of the pool's in place of the real server's",
        both,
        lambda b, a: b.source in seen.real_addresses and a.source in pool,
    )
    yield each(
        f"{_OUT}: src port of the pool's: 1024-65535", both, lambda _, a: a.source_port >= 1024
    )
    yield _one_each(both)
    yield each(
        f"{_OUT}: dst IP and port kept",
        both,
        lambda b, a: (a.destination, a.destination_port) == (b.destination, b.destination_port),
    )
    yield from kept(_OUT, both, 1)


def _one_each(both: list[Pair]) -> Promise:
    """A flow keeps its address and port, and shares them with no other one."""
    there: dict[Ends, set[Ends]] = defaultdict(set)
    back: dict[Ends, set[Ends]] = defaultdict(set)
    for before, after in both:
        there[ends(before)].add(ends(after))
        back[ends(after)].add(ends(before))
    wrong = [
        f"{flow} is {sorted(map(str, others))}"
        for found in (there, back)
        for flow, others in found.items()
        if len(others) > 1
    ]
    return promise(f"{_OUT}: each flow has a port of its own", len(both), "; ".join(wrong[:1]))


def _replies(seen: Evidence, requests: list[Pair], both: list[Pair]) -> Iterator[Promise]:
    flows = {turned(ends(after)): turned(ends(before)) for before, after in requests}
    macs = {real: seen.to_real(real)[0] for real in seen.reals.values()}

    def to_its_real(_: Segment, after: Segment) -> bool:
        leg = macs.get(seen.real_addresses.get(after.destination, ""))
        found = (after.source_mac, after.destination_mac)
        return leg is not None and found == (leg.source_mac, leg.destination_mac)

    yield each(f"{_BACK}: src MAC the balancer's, dst MAC the real server's", both, to_its_real)
    yield each(
        f"{_BACK}: dst IP and port: those of the real server that asked, the rest kept",
        both,
        lambda b, a: flows.get(ends(b)) == ends(a),
    )
    yield from kept(_BACK, both, 1)
