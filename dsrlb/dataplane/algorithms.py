# SPDX-License-Identifier: Apache-2.0
"""The algorithms of the fast path (ebpf/algorithms.h): its rows are the truth about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dsrlb import paths

_ROW = re.compile(r'\bALGORITHM\((\w+), "([a-z-]+)", (TURN|SCAN|HASH)\)')


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A row: its number, and how it goes about it: "turn" (the next by a cursor), "scan" (all real
    servers are compared) or "hash" (the flow decides)."""

    name: str
    number: int
    kind: str


def parse_algorithms(text: str) -> dict[str, Algorithm]:
    """Read the ALGORITHM lines, by the algorithm's name."""
    return {
        name: Algorithm(name, number, kind.lower())
        for number, (_, name, kind) in enumerate(_ROW.findall(text), 1)
    }


@cache
def algorithms() -> Mapping[str, Algorithm]:
    """The rows of this version."""
    return parse_algorithms((paths.ebpf_sources() / "algorithms.h").read_text())


@cache
def by_number() -> Mapping[int, Algorithm]:
    """The rows by number."""
    return {algorithm.number: algorithm for algorithm in algorithms().values()}
