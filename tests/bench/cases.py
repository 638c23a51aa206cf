# SPDX-License-Identifier: Apache-2.0
"""What is measured, and how it stands in results.json."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from dsrlb.dataplane.methods import methods

REALS = 10
FLOWS = (1, 4_096, 1 << 20)
MODES = ("bridge", "router", "one-arm", "nat")
"""Those whose replies come back through the balancer."""
_REASONS = {"request": "forwarded", "reply": "forwarded-reply"}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the results."""

    name: str
    family: int
    protocol: str
    flows: int
    reason: str  # the one that every packet must be counted under
    method: str = "l2dsr"
    direction: str = "request"
    algorithm: str = "round-robin"
    reals: int = REALS

    @property
    def mode(self) -> str:
        """Of the service."""
        return methods()[self.method].mode

    @property
    def outer(self) -> int:
        """Bytes that the method puts in front of a packet."""
        return methods()[self.method].outer[self.family]

    def row(self, rounds: int, floor: list[int], net: list[int]) -> dict[str, Any]:
        """As it stands in results.json: ns per packet of the floor program and of the fast path."""
        return {
            "case": self.name,
            "mode": self.mode,
            "method": self.method if self.method not in ("l2dsr", self.mode) else None,
            "algorithm": self.algorithm,
            "direction": self.direction,
            "family": f"ipv{self.family}",
            "protocol": self.protocol,
            "flows": self.flows,
            "reals": self.reals,
            "cpus": 1,
            "rounds": rounds,
            "floor_min_ns": min(floor),
            "floor_median_ns": median(floor),
            "min_ns": min(net),
            "median_ns": median(net),
            "ratio": round(median(net) / max(median(floor), 1), 2),
            "min_ratio": round(min(net) / max(min(floor), 1), 2),
        }


DIRECT = (
    Case("established", 4, "tcp", 1, "forwarded"),
    Case("established", 4, "tcp", 4_096, "forwarded"),
    Case("established", 4, "tcp", 1 << 20, "forwarded"),
    Case("established", 4, "udp", 4_096, "forwarded"),
    Case("established", 6, "tcp", 1, "forwarded"),
    Case("established", 6, "tcp", 4_096, "forwarded"),
    Case("established", 6, "tcp", 1 << 20, "forwarded"),
    *(
        Case("established", family, "tcp", flows, "forwarded", method)
        for method in ("dscp", "ipip", "gue")
        for family in (4, 6)
        for flows in FLOWS
    ),
    Case("new-flow", 4, "tcp", 1 << 22, "forwarded"),
    Case("new-flow", 6, "tcp", 1 << 22, "forwarded"),
    Case("flood", 4, "tcp", 1 << 22, "forwarded"),
    Case("flood", 6, "tcp", 1 << 22, "forwarded"),
    Case("foreign", 4, "tcp", 4_096, "pass"),
    Case("foreign", 6, "tcp", 4_096, "pass"),
)
"""Of the modes whose replies do not come back."""

SCANNED = (
    "least-connection",
    "weighted-least-connection",
    "fastest-response-time",
    "adaptive",
)
HASHED = ("hash", "maglev")

CHOICES = tuple(
    Case("choose", 4, "tcp", 1 << 22, "forwarded", algorithm=algorithm, reals=reals)
    for algorithm in ("round-robin", "weighted-round-robin", *SCANNED, *HASHED)
    for reals in (2, 16, 64, 256, *((1_024, 4_096) if algorithm in HASHED else ()))
)
"""SYNs of new flows, by each algorithm."""

TRANSLATED = (
    *(
        Case("established", family, "tcp", flows, reason, mode, direction)
        for mode in MODES
        for family in (4, 6)
        for flows in FLOWS
        for direction, reason in _REASONS.items()
    ),
    *(
        Case("new-pair", family, "tcp", 1 << 20, "forwarded", mode)
        for mode in ("router", "one-arm")
        for family in (4, 6)
    ),
)
"""Of the modes whose replies do."""
