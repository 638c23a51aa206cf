# SPDX-License-Identifier: Apache-2.0
"""Promises of all DSR modes: where requests arrive, how replies come back, who has the VIP."""

from __future__ import annotations

from collections.abc import Iterator

from lablib.evidence import Evidence, Flow, by_flow
from lablib.frames import Segment
from lablib.neighbours import claims
from lablib.promises.checks import (
    Pair,
    Promise,
    behind_ethernet,
    each,
    packet,
    pairs,
    promise,
    routed,
    same_frames,
)


def delivery(seen: Evidence) -> Iterator[Promise]:
    """Each frame arrives at the real server that it was sent to, and nowhere else."""
    sent: dict[str | None, list[Segment]] = {name: [] for name in seen.reals.values()}
    for found in seen.out_of_balancer():
        sent.setdefault(seen.real_of(found), []).append(found)
    wrong = [text for real, frames in sent.items() if (text := _lost(seen, real, frames))]
    checked = sum(map(len, sent.values()))
    yield promise("delivered to that real server alone", checked, "; ".join(wrong[:1]))
    homes: dict[Flow, set[str]] = {}
    for found in seen.out_of_balancer():
        homes.setdefault(found.flow, set()).add(seen.real_of(found) or found.destination_mac)
    moved = [f"{flow} was sent to {sorted(at)}" for flow, at in homes.items() if len(at) > 1]
    checked = len(seen.out_of_balancer())
    yield promise("a connection stays on its real server", checked, "; ".join(moved[:1]))


def _lost(seen: Evidence, real: str | None, sent: list[Segment]) -> str:
    """What differs between the frames for a real server as the balancer sent them, as they come to
    its switch port, and as it gets them (there it may have taken them out of a tunnel)."""
    if real is None:
        return f"{len(sent)} frames sent to no real server" if sent else ""
    arrived, taken = seen.requests(seen.port_of(real)), seen.requests(real)
    counts = f"{len(sent)} frames sent to {real}, {len(arrived)} arrived, {len(taken)} taken"
    if not sent:
        return counts if arrived or taken else ""
    way = same_frames("", sent, arrived, routed(len(seen.to_real(real)) - 1))
    end = same_frames("", arrived, taken, (packet, packet))
    return "" if way.ok and end.ok else f"{counts}; {way.detail or end.detail}"


def replies(seen: Evidence) -> Iterator[Promise]:
    """The reply goes from the real server to the client, and not through the balancer."""
    arrived = seen.replies(seen.client_port)
    made = {real: seen.replies(real) for real in seen.reals.values()}
    every = [found for frames in made.values() for found in frames]
    yield from _unchanged(seen, every, arrived)
    asked = by_flow([found for found in seen.requests(seen.client.name) if found.payload])
    got = {found.reversed_flow for found in seen.replies(seen.client.name) if found.payload}
    silent = [f"none to {found[0].describe()}" for flow, found in asked.items() if flow not in got]
    yield promise("replies: every flow with a request got one", len(asked), "; ".join(silent[:1]))
    foreign = [found.describe() for found in seen.strays(seen.client_port)]
    yield promise("replies: source VIP", len(arrived), "; ".join(foreign[:1]))
    crossed = [found.describe() for found in seen.replies(seen.balancer_port)]
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


def neighbours(seen: Evidence) -> Iterator[Promise]:
    """The balancer, and nobody else, says that it has the VIP."""
    found = [mac for point in seen.ports for mac in claims(seen.at[point], seen.vip)]
    foreign = sorted(set(found) - {seen.balancer.mac})
    wrong = f"claimed by {', '.join(foreign)}" if foreign else ""
    protocol = "ARP" if seen.vip.version == 4 else "neighbour discovery"
    name = f"{protocol} for the VIP: answered by the balancer alone"
    yield promise(name, len(found), wrong)
