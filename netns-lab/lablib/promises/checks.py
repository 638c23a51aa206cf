# SPDX-License-Identifier: Apache-2.0
"""What promises are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lablib.evidence import Key, Pair, by_flow, match
from lablib.frames import Segment


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise: did it hold, on how many frames, and what was seen when not."""

    name: str
    ok: bool
    frames: int
    detail: str = ""


def promise(name: str, checked: int, wrong: str = "") -> Promise:
    """A promise that was checked on so many frames; ``wrong``: what was seen when it did not hold.

    One that was checked on none is broken.
    """
    wrong = wrong or ("" if checked else "no frame was seen that could show it")
    return Promise(name, not wrong, checked, wrong)


def each(name: str, items: Iterable[Pair], holds: Callable[[Segment, Segment], object]) -> Promise:
    """The promise that ``holds`` is true of every (before, after)."""
    checked, wrong = 0, ""
    for before, after in items:
        checked += 1
        if not wrong and not holds(before, after):
            wrong = f"{before.describe()} became {after.describe()}"
    return promise(name, checked, wrong)


def pairs(before: Sequence[Segment], after: Sequence[Segment], key: Key) -> Iterator[Pair]:
    """Match each segment before with the one after that it became.

    Within a flow, those of the same key belong together; what is left is matched in order, and in
    the end what is left of all flows, which may have become others. (tcpdump may see the segments
    that two CPUs send at once in another order at another place.)
    """
    later = by_flow(after)
    strangers: list[Segment] = []
    for flow, found in by_flow(before).items():
        same, changed, left = match(found, later.pop(flow, []), key)
        yield from same
        yield from zip(changed, left, strict=False)
        strangers += changed[len(left) :]
    yield from zip(strangers, (one for group in later.values() for one in group), strict=False)


def same_frames(
    name: str, one: Sequence[Segment], other: Sequence[Segment], keys: tuple[Key, Key]
) -> Promise:
    """The same frames, each as often: of the same key. ``keys``: of the ones, of the others."""
    left, right = Counter(map(keys[0], one)), Counter(map(keys[1], other))
    wrong = ""
    if left != right:
        strange = next(iter((left - right) or (right - left)))
        wrong = f"{len(one)} frames before, {len(other)} after; not in both: {strange.hex()}"
    return promise(name, len(one), wrong)


def behind_ethernet(found: Segment) -> bytes:
    """The key of frames of which only MAC addresses change."""
    return found.behind_ethernet


def packet(found: Segment) -> bytes:
    """The key of frames that may lose a tunnel's headers."""
    return found.packet


def transport(found: Segment) -> bytes:
    """The key of frames of which also the IP header and checksums change."""
    return found.ip.identification + found.transport


def routed(routers: int) -> tuple[Key, Key]:
    """The keys of frames before and behind so many routers, which change MAC addresses, TTL and the
    IPv4 checksum. No router: nothing but MAC addresses may differ."""
    if not routers:
        return behind_ethernet, behind_ethernet
    return (lambda found: found.routed(0)), (lambda found: found.routed(routers))
