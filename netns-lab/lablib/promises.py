# SPDX-License-Identifier: Apache-2.0
"""Promises of a mode's table, each checked against the frames that tcpdump saw.

A promise of which no frame was seen is broken: nothing was proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lablib.evidence import Evidence, Flow, by_flow
from lablib.frames import Segment
from lablib.neighbours import claims

Pair = tuple[Segment, Segment]


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise: did it hold, on how many frames, and what was seen when not."""

    name: str
    ok: bool
    frames: int
    detail: str = ""


def _each(name: str, items: Iterable[Pair], holds: Callable[[Segment, Segment], object]) -> Promise:
    """The promise that ``holds`` is true of every (before, after)."""
    checked, wrong = 0, ""
    for before, after in items:
        checked += 1
        if not wrong and not holds(before, after):
            wrong = f"{before.describe()} became {after.describe()}"
    return Promise(name, bool(checked) and not wrong, checked, wrong or _nothing(checked))


def _nothing(checked: int) -> str:
    return "" if checked else "no frame was seen that could show it"


def pairs(before: Sequence[Segment], after: Sequence[Segment]) -> Iterator[Pair]:
    """Match each segment before with the one after that it became.

    Within a flow, equal ones belong together; what is left is matched in order. (tcpdump may see
    the segments that two CPUs send at once in another order at another place.)
    """
    later = by_flow(after)
    for flow, found in by_flow(before).items():
        waiting: dict[bytes, list[Segment]] = {}
        for segment in later.get(flow, []):
            waiting.setdefault(segment.behind_ethernet, []).append(segment)
        changed = []
        for segment in found:
            equal = waiting.get(segment.behind_ethernet)
            if equal:
                yield segment, equal.pop(0)
            else:
                changed.append(segment)
        left = [segment for group in waiting.values() for segment in group]
        yield from zip(changed, left, strict=False)


def _same_frames(name: str, one: Sequence[Segment], other: Sequence[Segment]) -> Promise:
    """The same frames, each as often, with the same bytes behind the MAC addresses."""
    left = Counter(found.behind_ethernet for found in one)
    right = Counter(found.behind_ethernet for found in other)
    wrong = ""
    if left != right:
        strange = next(iter((left - right) or (right - left)))
        wrong = f"{len(one)} frames before, {len(other)} after; not in both: {strange.hex()}"
    return Promise(name, bool(one) and not wrong, len(one), wrong or _nothing(len(one)))


def _requests(seen: Evidence) -> Iterator[Promise]:
    """Row l2dsr, request."""
    before, after = seen.into_balancer(), seen.out_of_balancer()
    both = list(pairs(before, after))
    balancer, reals = seen.balancer.mac, seen.reals
    yield _same_frames("each request frame leaves the balancer exactly once", before, after)
    yield _each("src MAC: the balancer's", both, lambda _, a: a.source_mac == balancer)
    yield _each("dst MAC: a real server's", both, lambda _, a: a.destination_mac in reals)
    yield _each("src IP kept", both, lambda b, a: a.source == b.source)
    yield _each("dst IP kept (VIP)", both, lambda b, a: a.destination == b.destination == seen.vip)
    yield _each(
        "ports kept",
        both,
        lambda b, a: (a.source_port, a.destination_port) == (b.source_port, b.destination_port),
    )
    yield _each("TTL kept", both, lambda b, a: a.ttl == b.ttl)
    marked = [pair for pair in both if pair[0].tos >> 2 and pair[0].tos & 3]
    yield _each("DSCP and ECN kept (set by the client)", marked, lambda b, a: a.tos == b.tos)
    yield _each(
        "checksums kept, and right",
        both,
        lambda b, a: (
            a.checksums_right() and (a.ip_checksum, a.l4_checksum) == (b.ip_checksum, b.l4_checksum)
        ),
    )
    yield _each("L3/L4 bytes identical", both, lambda b, a: a.behind_ethernet == b.behind_ethernet)


def _delivery(seen: Evidence) -> Iterator[Promise]:
    """Each frame arrives at the real server that it was sent to, and nowhere else."""
    sent: dict[str, list[Segment]] = {name: [] for name in seen.reals.values()}
    for found in seen.out_of_balancer():
        sent.setdefault(seen.reals.get(found.destination_mac, "?"), []).append(found)
    wrong, checked = "", 0
    for real, frames in sent.items():
        promise = _same_frames(real, frames, seen.requests(real) if real != "?" else [])
        arrived = len(seen.requests(real)) if real != "?" else 0
        checked += len(frames)
        if not wrong and (len(frames) != arrived or (frames and not promise.ok)):
            wrong = f"{real}: {len(frames)} frames sent to it, {arrived} arrived; {promise.detail}"
    yield Promise(
        "delivered to that real server alone",
        bool(checked) and not wrong,
        checked,
        wrong or _nothing(checked),
    )
    homes: dict[Flow, set[str]] = {}
    for found in seen.out_of_balancer():
        homes.setdefault(found.flow, set()).add(found.destination_mac)
    moved = [flow for flow, macs in homes.items() if len(macs) > 1]
    several = sum(len(found) for found in by_flow(seen.out_of_balancer()).values())
    detail = f"{moved[0]} was sent to {sorted(homes[moved[0]])}" if moved else _nothing(several)
    name = "a connection stays on its real server"
    yield Promise(name, bool(homes) and not moved, several, detail)


def _replies(seen: Evidence) -> Iterator[Promise]:
    """The reply goes from the real server straight to the client."""
    arrived = seen.replies(f"sw-{seen.client.name}")
    made = [found for real in seen.reals.values() for found in seen.replies(real)]
    yield _same_frames("replies: byte for byte as the real server made them", made, arrived)
    asked = by_flow([found for found in seen.requests(seen.client.name) if found.payload])
    got = {found.reversed_flow for found in seen.replies(seen.client.name) if found.payload}
    silent = [found[0].describe() for flow, found in asked.items() if flow not in got]
    detail = f"none to {silent[0]}" if silent else _nothing(len(asked))
    yield Promise("replies: every flow with a request got one", not detail, len(asked), detail)
    both = list(pairs(made, arrived))
    home = {found.flow: found.destination_mac for found in seen.out_of_balancer()}
    yield _each(
        "replies: src MAC of the real server that has the request, dst MAC the client's",
        both,
        lambda _, a: (
            a.source_mac == home.get(a.reversed_flow) and a.destination_mac == seen.client.mac
        ),
    )
    crossed = seen.replies(f"sw-{seen.balancer.name}")
    detail = crossed[0].describe() if crossed else _nothing(len(arrived))
    yield Promise(
        "no reply frame crosses the balancer", bool(arrived) and not crossed, len(arrived), detail
    )


def _neighbours(seen: Evidence) -> Iterator[Promise]:
    """The balancer, and nobody else, says that it has the VIP."""
    ports = [point for point in seen.at if point.startswith("sw-")]
    found = [mac for port in ports for mac in claims(seen.at[port], seen.vip)]
    foreign = sorted(set(found) - {seen.balancer.mac})
    detail = f"claimed by {', '.join(foreign)}" if foreign else _nothing(len(found))
    protocol = "ARP" if seen.vip.version == 4 else "neighbour discovery"
    name = f"{protocol} for the VIP: answered by the balancer alone"
    yield Promise(name, bool(found) and not foreign, len(found), detail)


def l2dsr(seen: Evidence) -> list[Promise]:
    """The table's rows for mode l2dsr."""
    return [*_requests(seen), *_delivery(seen), *_replies(seen), *_neighbours(seen)]


def answered(name: str, sent: int, got: int) -> Promise:
    """Every request was answered."""
    detail = "" if sent == got else f"{sent} sent, {got} answered"
    return Promise(f"{name}: every request answered", 0 < sent == got, sent, detail)


def shares(name: str, flows: Mapping[str, int], weights: Mapping[str, int]) -> Promise:
    """Each real server's share of N flows in a row: whole cycles exactly, at most its weight more
    in the one that the end (or the beginning) cut."""
    total, cycle = sum(flows.values()), sum(weights.values())
    whole, rest = divmod(total, cycle)
    wrong = [
        real
        for real in weights.keys() | flows.keys()
        if not whole * weights.get(real, 0)
        <= flows.get(real, 0)
        <= whole * weights.get(real, 0) + min(rest, weights.get(real, 0))
    ]
    detail = f"{dict(flows)} of {total}" if wrong else ""
    given = ":".join(str(weight) for weight in weights.values())
    name = f"{name}: flows shared {given}, to the last one"
    return Promise(name, bool(total) and not wrong, total, detail)


def counters(name: str, counted: int, seen: int) -> Promise:
    """dsrlb's own counter says what tcpdump saw."""
    detail = "" if counted == seen else f"dsrlb counted {counted}, tcpdump saw {seen}"
    return Promise(
        f"{name}: `dsrlb services` counts what tcpdump saw", 0 < seen == counted, seen, detail
    )


def flows_by_real(seen: Evidence, protocol: int) -> Counter[str]:
    """How many flows of a protocol each real server got."""
    homes = {
        found.flow: seen.reals.get(found.destination_mac, "?")
        for found in seen.out_of_balancer()
        if found.protocol == protocol
    }
    return Counter(homes.values())


MODES: dict[str, Callable[[Evidence], list[Promise]]] = {"l2dsr": l2dsr}
"""The promises of each mode."""
