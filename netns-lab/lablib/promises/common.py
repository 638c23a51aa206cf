# SPDX-License-Identifier: Apache-2.0
"""Promises of all modes: where requests arrive, that they are answered, who has the VIP."""

from __future__ import annotations

from collections.abc import Iterable

from lablib.evidence import Evidence, by_flow
from lablib.frames import Segment
from lablib.neighbours import claims
from lablib.promises.checks import Promise, packet, promise, routed, same_frames
from lablib.topology import IP

_ANSWER = b"HTTP/1.1 200"


def delivered(seen: Evidence) -> Promise:
    """Each request arrives at the real server that it was sent to, and nowhere else."""
    sent: dict[str | None, list[Segment]] = {name: [] for name in seen.reals.values()}
    for found in seen.out_of_balancer():
        sent.setdefault(seen.real_of(found), []).append(found)
    wrong = [text for real, frames in sent.items() if (text := _lost(seen, real, frames))]
    checked = sum(map(len, sent.values()))
    return promise("delivered to that real server alone", checked, "; ".join(wrong[:1]))


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


def all_answered(seen: Evidence) -> Promise:
    """No client waits for nothing."""
    asked = by_flow([found for found in seen.requests(seen.client.name) if found.payload])
    got = {found.reversed_flow for found in seen.replies(seen.client.name) if found.payload}
    silent = [f"none to {found[0].describe()}" for flow, found in asked.items() if flow not in got]
    return promise("replies: every flow with a request got one", len(asked), "; ".join(silent[:1]))


def from_the_vip(seen: Evidence) -> Promise:
    """Clients hear nothing from a real server's own address."""
    foreign = [found.describe() for found in seen.strays(seen.client_port)]
    arrived = seen.replies(seen.client_port)
    return promise("replies: source VIP", len(arrived), "; ".join(foreign[:1]))


def served_at(name: str, answers: Iterable[tuple[Segment, IP]]) -> Promise:
    """nginx tells the address of its socket: it must be the one beside the answer. (dnsmasq answers
    from the address that was asked.)"""
    checked, wrong = 0, ""
    for found, address in answers:
        if found.payload.startswith(_ANSWER):
            checked += 1
            if f"Server-Address: {address}\r\n".encode() not in found.payload and not wrong:
                wrong = found.describe()
    return promise(name, checked, wrong)


def answered_by_the_balancer(seen: Evidence, what: str, addresses: Iterable[IP]) -> Promise:
    """The balancer, and nobody else, says that it has the addresses. ``what``: what they are."""
    found = [
        mac
        for address in addresses
        for point in seen.ports
        for mac in claims(seen.at[point], address)
    ]
    foreign = sorted(set(found) - seen.balancer.macs)
    wrong = f"claimed by {', '.join(foreign)}" if foreign else ""
    protocol = "ARP" if seen.vip.version == 4 else "neighbour discovery"
    return promise(f"{protocol} for {what}: answered by the balancer alone", len(found), wrong)


def neighbours(seen: Evidence) -> Promise:
    """Who has the VIP."""
    return answered_by_the_balancer(seen, "the VIP", [seen.vip])
