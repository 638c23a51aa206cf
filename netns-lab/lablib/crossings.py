# SPDX-License-Identifier: Apache-2.0
"""What the balancer made of each segment, where it changes addresses and ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lablib.evidence import Evidence, Pair, match
from lablib.frames import Segment
from lablib.shell import LabError

Ends = tuple[object, object, object, int, int]
_PORTS = 4  # bytes


def content(found: Segment) -> bytes:
    """What no change of addresses and ports touches: the IPv4 identification, and TCP or UDP
    without ports and checksum."""
    return found.ip.identification + found.transport[_PORTS:]


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
    same, changed, left = match(before, after, content)
    yield from same
    yield from zip(changed, left, strict=False)


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
