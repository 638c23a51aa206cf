# SPDX-License-Identifier: Apache-2.0
"""Promises of all DSR modes: where requests arrive, how replies come back."""

from __future__ import annotations

from collections.abc import Iterator

from lablib.evidence import Evidence, Flow, Pair
from lablib.frames import Segment
from lablib.promises.checks import (
    Promise,
    behind_ethernet,
    each,
    pairs,
    promise,
    routed,
    same_frames,
)
from lablib.promises.common import all_answered, delivered, from_the_vip


def delivery(seen: Evidence) -> Iterator[Promise]:
    """Each frame arrives at the real server that it was sent to, and nowhere else."""
    yield delivered(seen)
    homes: dict[Flow, set[str]] = {}
    for found in seen.out_of_balancer():
        homes.setdefault(found.flow, set()).add(seen.real_of(found) or found.destination_mac)
    moved = [f"{flow} was sent to {sorted(at)}" for flow, at in homes.items() if len(at) > 1]
    checked = len(seen.out_of_balancer())
    yield promise("a connection stays on its real server", checked, "; ".join(moved[:1]))


def replies(seen: Evidence) -> Iterator[Promise]:
    """The reply goes from the real server to the client, and not through the balancer."""
    arrived = seen.replies(seen.client_port)
    made = {real: seen.replies(real) for real in seen.reals.values()}
    every = [found for frames in made.values() for found in frames]
    yield from _unchanged(seen, every, arrived)
    yield all_answered(seen)
    yield from_the_vip(seen)
    crossed = [found.describe() for found in seen.replies(seen.outer_port)]
    yield promise("no reply frame crosses the balancer", len(arrived), "; ".join(crossed[:1]))


def _unchanged(seen: Evidence, made: list[Segment], arrived: list[Segment]) -> Iterator[Promise]:
    """What the way from the real server to the client does to a reply."""
    routers = max(len(seen.to_client(real)) for real in seen.reals.values()) - 1
    name = "replies: byte for byte as the real server made them"
    if routers:
        name += ", but for what a router does (TTL - 1, IPv4 checksum)"
    yield same_frames(name, made, arrived, routed(routers))
    home = {found.flow: seen.real_of(found) for found in seen.out_of_balancer()}
    last = {real: seen.to_client(real)[-1].source_mac for real in seen.reals.values()}

    def from_home(before: Segment, after: Segment) -> bool:
        real = seen.reals.get(before.source_mac)
        return (
            real is not None
            and real == home.get(after.reversed_flow)
            and (after.source_mac, after.destination_mac) == (last[real], seen.client.mac)
        )

    both = list(_replied(made, arrived, routers))
    name = "replies: src MAC of the real server that has the request, dst MAC the client's"
    if routers:
        name = "replies: by the real server that has the request, from its router to the client"
    yield each(name, both, from_home)


def _replied(made: list[Segment], arrived: list[Segment], routers: int) -> Iterator[Pair]:
    """Each reply, as it was made and as it arrived."""
    if not routers:
        return pairs(made, arrived, behind_ethernet)
    return pairs(made, arrived, lambda found: found.ip.blanked + found.transport)
