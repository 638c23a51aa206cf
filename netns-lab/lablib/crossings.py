# SPDX-License-Identifier: Apache-2.0
"""What the balancer made of each segment, where it changes addresses and ports."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lablib.evidence import Evidence
from lablib.frames import Segment
from lablib.shell import LabError

Pair = tuple[Segment, Segment]
Ends = tuple[object, object, object, int, int]
_PORTS = 4  # bytes


def content(found: Segment) -> bytes:
    """What no change of addresses and ports touches: the IPv4 identification, and TCP or UDP
    without ports and checksum."""
    mark = found.ip.data[4:6] if found.ip.version == 4 else b""
    return mark + found.transport[_PORTS:]


def ends(found: Segment) -> Ends:
    """The flow that a segment belongs to, in its direction: protocol, addresses, ports."""
    addresses = (found.source, found.destination)
    return (found.protocol, *addresses, found.source_port, found.destination_port)


def turned(flow: Ends) -> Ends:
    """The same flow in the other direction."""
    protocol, source, destination, source_port, destination_port = flow
    return (protocol, destination, source, destination_port, source_port)


def matched(before: Sequence[Segment], after: Sequence[Segment]) -> Iterator[Pair]:
    """Each segment before with the one after that has its content; what is left, in order."""
    waiting: dict[bytes, deque[Segment]] = defaultdict(deque)
    for segment in after:
        waiting[content(segment)].append(segment)
    changed = []
    for segment in before:
        if equal := waiting[content(segment)]:
            yield segment, equal.popleft()
        else:
            changed.append(segment)
    left = {id(segment) for group in waiting.values() for segment in group}
    yield from zip(changed, (one for one in after if id(one) in left), strict=False)


@dataclass(frozen=True, slots=True)
class Crossings:
    """Requests and replies, each as the balancer got it and as it sent it."""

    requests: list[Pair]
    replies: list[Pair]


def crossings(seen: Evidence) -> Crossings:
    """Those of a mode whose replies come back through the balancer."""
    return Crossings(
        list(matched(seen.into_balancer(), seen.out_of_balancer())),
        list(matched(seen.replies_in(), seen.replies_out())),
    )


def became(pairs: Sequence[Pair], before: Segment) -> Segment:
    """What a segment became; LabError when it did not leave the balancer."""
    for one, after in pairs:
        if one is before:
            return after
    raise LabError(f"did not leave the balancer: {before.describe()}")
