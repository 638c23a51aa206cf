# SPDX-License-Identifier: Apache-2.0
"""A whole comparison, and results.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lablib.compare import load, reals
from lablib.compare.clients import LIMIT
from lablib.compare.figures import Result
from lablib.compare.scenarios import Phase, Scenario


@dataclass(frozen=True, slots=True)
class Part:
    """Some cases under one load."""

    scenario: Scenario
    seed: int
    seconds: float  # in which connections begin
    weights: Mapping[str, int]  # the true ones, by real
    results: Sequence[Result]

    @property
    def load(self) -> list[load.Arrival]:
        """What clients do."""
        return load.arrivals(self.seed, self.seconds, self.scenario.rate)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Before, while and after a real server is slow."""
        return self.scenario.phases(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """Its part of results.json."""
        return {
            "name": self.scenario.name,
            "title": self.scenario.title,
            "seconds": self.seconds,
            "rate": self.scenario.rate,
            "slow": self.scenario.slow,
            "far": list(self.scenario.far),
            "phases": [asdict(phase) for phase in self.phases],
            "algorithms": [result.to_json() for result in self.results],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every part."""

    date: str  # ISO 8601
    parts: Sequence[Part]

    def to_json(self) -> dict[str, Any]:
        """The keys of results.json, which are a promise to programs."""
        first = self.parts[0]
        return {
            "date": self.date,
            "seed": first.seed,
            "limit": LIMIT,
            "reals": [
                {"name": name, "weight": weight, "link_bits": reals.link(weight)}
                for name, weight in first.weights.items()
            ],
            "scenarios": [part.to_json() for part in self.parts],
        }
