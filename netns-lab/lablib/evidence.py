# SPDX-License-Identifier: Apache-2.0
"""What tcpdump saw of one family's traffic, sorted by where and in which direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lablib.capture import Frame
from lablib.frames import Segment, segments
from lablib.topology import IP, Node, Topology

Flow = tuple[object, ...]


@dataclass(slots=True)
class Evidence:
    """The captures of one family. ``at``: capture point -> frames, in order."""

    topology: Topology
    vip: IP
    at: Mapping[str, Sequence[Frame]]
    services: dict[str, list[Segment]] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the segments from and to the VIP, by capture point."""
        self.services = {
            point: [
                found for found in segments(frames) if self.vip in (found.source, found.destination)
            ]
            for point, frames in self.at.items()
        }

    @property
    def client(self) -> Node:
        """The client."""
        return self.topology.role("client")[0]

    @property
    def balancer(self) -> Node:
        """The balancer."""
        return self.topology.role("balancer")[0]

    @property
    def reals(self) -> dict[str, str]:
        """Name of each real server by its MAC address."""
        return {node.mac: node.name for node in self.topology.role("real")}

    def requests(self, point: str) -> list[Segment]:
        """Segments to the VIP at a capture point."""
        return [found for found in self.services[point] if found.destination == self.vip]

    def replies(self, point: str) -> list[Segment]:
        """Segments from the VIP at a capture point."""
        return [found for found in self.services[point] if found.source == self.vip]

    def into_balancer(self) -> list[Segment]:
        """Requests that the switch hands to the balancer."""
        port = f"sw-{self.balancer.name}"
        return [f for f in self.requests(port) if f.source_mac != self.balancer.mac]

    def out_of_balancer(self) -> list[Segment]:
        """Requests as the balancer sends them back to the switch."""
        port = f"sw-{self.balancer.name}"
        return [f for f in self.requests(port) if f.source_mac == self.balancer.mac]

    def carried(self) -> tuple[int, int]:
        """(bytes of service traffic that the balancer took in, bytes that the client sent and got)
        in frames' lengths on the wire."""
        through = sum(found.frame.length for found in self.into_balancer())
        total = sum(found.frame.length for found in self.services[f"sw-{self.client.name}"])
        return through, total


def by_flow(found: Sequence[Segment]) -> dict[Flow, list[Segment]]:
    """Segments by 5-tuple, in order."""
    flows: dict[Flow, list[Segment]] = defaultdict(list)
    for segment in found:
        flows[segment.flow].append(segment)
    return flows
