# SPDX-License-Identifier: Apache-2.0
"""What is measured, and how it stands in results.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsrlb.dataplane.methods import methods
from tests.bench.statistics import Summary

REALS = 10
FEW, MANY = 4_096, 1 << 20
FLOWS = (1, FEW, MANY)
TUPLES = 1 << 24
"""Distinct ones of new flows."""
BUILD = "everything"
"""One build with every mode, both address families, VLAN tags and all counters."""
MODES = ("bridge", "router", "one-arm", "nat")
"""Those whose replies come back through the balancer."""
_REASONS = {"request": "forwarded", "reply": "forwarded-reply"}

_BARS: dict[tuple[object, ...], float] = {
    ("established", 4, "tcp", "l2dsr", 1): 3.5,
    ("established", 4, "tcp", "l2dsr", FEW): 4.5,
    ("established", 4, "tcp", "l2dsr", MANY): 10,
    ("established", 4, "tcp", "dscp", FEW): 5,
    ("established", 4, "tcp", "nat", FEW): 6,
    ("established", 4, "tcp", "one-arm", FEW): 6.5,
    ("established", 4, "tcp", "ipip", FEW): 6,
    ("established", 4, "udp", "l2dsr", FEW): 4.5,
    ("established", 6, "tcp", "l2dsr", FEW): 6,
    ("established", 6, "tcp", "l2dsr", MANY): 13,
    ("flood", 4, "tcp", "l2dsr", "maglev"): 8,
    ("new-flow", 4, "tcp", "l2dsr", "round-robin"): 16,
    ("connection", 4, "tcp", "l2dsr", "round-robin"): 20,
    ("foreign", 4, "tcp", "l2dsr", FEW): 3,
    ("foreign", 6, "tcp", "l2dsr", FEW): 3,
}
"""By case, family, protocol, method, and the number of flows or, for new ones, the algorithm: the
ratio that it may have at most."""


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

    @property
    def bar(self) -> float | None:
        """The ratio that it may have at most, where one is set."""
        what = (self.name, self.family, self.protocol, self.method)
        return _BARS.get((*what, self.flows)) or _BARS.get((*what, self.algorithm))

    def row(self, summary: Summary, capacity: int, cpus: int = 1) -> dict[str, Any]:
        """As it stands in results.json. Bars are for one CPU."""
        fields = summary.fields
        bar = self.bar if cpus == 1 else None
        return {
            "case": self.name,
            "mode": self.mode,
            "method": self.method if self.method not in ("l2dsr", self.mode) else None,
            "algorithm": self.algorithm,
            "direction": self.direction,
            "family": f"ipv{self.family}",
            "protocol": self.protocol,
            "flows": self.flows,
            "capacity": capacity,
            "reals": self.reals,
            "cpus": cpus,
            "build": BUILD,
            **fields,
            "bar": bar,
            "met": None if bar is None else fields["ratio"] <= bar,
        }


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of a case: of cases that have a bar more."""

    usual: int = 61
    bar: int = 201

    def of(self, case: Case) -> int:
        """Of this one."""
        return self.usual if case.bar is None else self.bar


DIRECT = (
    *(
        Case("established", family, "tcp", flows, "forwarded", method)
        for method in ("l2dsr", "dscp", "ipip", "gue")
        for family in (4, 6)
        for flows in FLOWS
    ),
    Case("established", 4, "udp", FEW, "forwarded"),
    Case("established", 6, "udp", FEW, "forwarded"),
    *(
        Case("flood", family, "tcp", TUPLES, "forwarded", algorithm=algorithm)
        for algorithm in ("maglev", "round-robin")
        for family in (4, 6)
    ),
    *(
        Case(name, family, "tcp", TUPLES, "forwarded")
        for name in ("new-flow", "connection")
        for family in (4, 6)
    ),
    Case("foreign", 4, "tcp", FEW, "pass"),
    Case("foreign", 6, "tcp", FEW, "pass"),
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
    Case("choose", 4, "tcp", TUPLES, "forwarded", algorithm=algorithm, reals=reals)
    for algorithm in ("round-robin", "weighted-round-robin", *SCANNED, *HASHED)
    for reals in (2, 16, 64, 256, *((1_024, 4_096) if algorithm in HASHED else ()))
)
"""SYNs of new flows, by each algorithm."""

TRANSLATED = (
    *(
        Case("established", family, "tcp", flows, reason, mode, direction)
        for flows in FLOWS
        for mode in MODES
        for family in (4, 6)
        for direction, reason in _REASONS.items()
    ),
    *(
        Case("new-pair", family, "tcp", 1 << 20, "forwarded", mode)
        for mode in ("router", "one-arm")
        for family in (4, 6)
    ),
)
"""Of the modes whose replies do."""
