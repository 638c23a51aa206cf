# SPDX-License-Identifier: Apache-2.0
"""Measure find, insert, remove and replace: our flow table beside the kernel's LRU hash.

Each round runs the keys alone, our table and the LRU hash, one after the other; times are net of
the keys, per operation. Every run is checked: so many operations, so many done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import DsrlbError
from tests.bench.dispatch import Dispatched

FLOWS = (1, 4_096, 65_536, 1 << 20)
FINDS = 8  # in one run of the program (flows.c)
_RUNS = 10_000
_BATCH = 4_096
_CAPACITY = 1 << 20
_FRAME = bytes(64)
_STRANGERS = 1 << 28  # first of the keys that are in no table
_TABLES = ("own", "lru")


@dataclass(frozen=True, slots=True)
class _Time:
    """ns per operation, round by round."""

    own: list[float]
    lru: list[float]

    def row(self, case: str, family: int, flows: int) -> dict[str, Any]:
        """As it stands in results.json."""
        return {
            "case": f"flow-table {case}",
            "family": f"ipv{family}",
            "flows": flows,
            "cpus": 1,
            "rounds": len(self.own),
            "min_ns": round(min(self.own), 1),
            "median_ns": round(median(self.own), 1),
            "lru_min_ns": round(min(self.lru), 1),
            "lru_median_ns": round(median(self.lru), 1),
            "faster": round(median(self.lru) / max(median(self.own), 0.1), 2),
        }


class _Tables:
    """Both tables of both families, and the programs that work on them."""

    def __init__(self, lru_entries: int, sets: int | None = None) -> None:
        """``sets``: use only so many of our table's."""
        flags = [f"-DLRU_ENTRIES={lru_entries}"]
        artifact = build(Path(__file__).parent / "flows.c", flags)
        self.maps = MapSet(artifact, None, _CAPACITY)
        self._artifact = artifact
        self._fds: dict[str, int] = {}
        self._dispatched = Dispatched()
        if sets is not None:
            settings = self.maps["flow_settings"].get(0).copy()  # type: ignore[union-attr]
            settings["flow_sets"] = sets
            self.maps["flow_settings"].set(0, settings.tobytes())

    def close(self) -> None:
        """Give everything back."""
        self._dispatched.close()
        for fd in self._fds.values():
            os.close(fd)
        self.maps.close()

    def run(
        self, name: str, runs: int, keys: int, *, first: int = 0, shuffled: bool = False
    ) -> tuple[float, int]:
        """(ns per run, operations that did what they should); ``keys``: a power of two."""
        if name not in self._fds:
            self._fds[name] = load_program(self._artifact.programs[name], self.maps)
            self._dispatched.add([self._fds[name]])
        self.maps["flows_control"].set(0, (0, keys - 1, first, int(shuffled), 0))
        result = bpf.prog_test_run(self._fds[name], _FRAME, repeat=runs)
        done = self.maps["flows_control"].get(0)
        assert done is not None
        return float(result.duration), int(done["done"])

    def exactly(self, name: str, runs: int, keys: int, expected: int, **how: Any) -> float:
        """As run(); DsrlbError when another number of operations did it."""
        duration, done = self.run(name, runs, keys, **how)
        if abs(done - expected) > expected // 1000:
            raise DsrlbError(f"{name}: {done} of {expected} operations did it; no measurement")
        return duration


def _find(tables: _Tables, family: int, flows: int, rounds: int, *, hit: bool) -> _Time:
    time = _Time([], [])
    first = 0 if hit else _STRANGERS
    for _ in range(rounds):
        keys, _done = tables.run(f"keys{family}", _RUNS, flows, first=first, shuffled=True)
        for kind, times in zip(_TABLES, (time.own, time.lru), strict=True):
            wanted = FINDS * _RUNS if hit else 0
            took = tables.exactly(
                f"{kind}_find{family}", _RUNS, flows, wanted, first=first, shuffled=True
            )
            times.append((took - keys) / FINDS)
    return time


def _insert(tables: _Tables, family: int, rounds: int) -> tuple[_Time, _Time]:
    """A batch of new keys in, and out again."""
    made, removed = _Time([], []), _Time([], [])
    for _ in range(rounds):
        keys, _done = tables.run(f"key{family}", _BATCH, _BATCH, first=_STRANGERS)
        for kind, ins, outs in (("own", made.own, removed.own), ("lru", made.lru, removed.lru)):
            for name, times in (("insert", ins), ("remove", outs)):
                took = tables.exactly(
                    f"{kind}_{name}{family}", _BATCH, _BATCH, _BATCH, first=_STRANGERS
                )
                times.append(took - keys)
    return made, removed


def _replace(family: int, flows: int, rounds: int) -> _Time:
    """Insert into tables that are full of ``flows`` flows: each lets another go."""
    tables = _Tables(flows, max(flows // 4, 1))
    for kind in _TABLES:
        tables.run(f"{kind}_insert{family}", 4 * flows + _BATCH, 1 << 28)
    time = _Time([], [])
    for number in range(rounds):
        first = _STRANGERS + number * _BATCH
        keys, _done = tables.run(f"key{family}", _BATCH, _BATCH, first=first)
        for kind, times in zip(_TABLES, (time.own, time.lru), strict=True):
            took = tables.exactly(f"{kind}_insert{family}", _BATCH, _BATCH, _BATCH, first=first)
            times.append(took - keys)
    tables.close()
    return time


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Every case; a row of results.json each."""
    for family in (4, 6):
        for flows in FLOWS:
            tables = _Tables(2 * _CAPACITY)
            for kind in _TABLES:
                tables.exactly(f"{kind}_insert{family}", flows, flows, flows)
            for case, hit in (("find hit", True), ("find miss", False)):
                yield _find(tables, family, flows, rounds, hit=hit).row(case, family, flows)
            made, removed = _insert(tables, family, rounds)
            yield made.row("insert", family, flows)
            yield removed.row("remove", family, flows)
            tables.close()
            yield _replace(family, flows, rounds).row("replace", family, flows)


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows for reading."""
    if not rows:
        return
    yield f"{'case':<22}{'family':<7}{'flows':>8}{'min ns':>8}{'median':>8}{'LRU':>8}{'faster':>8}"
    for row in rows:
        yield (
            f"{row['case']:<22}{row['family']:<7}{row['flows']:>8}{row['min_ns']:>8}"
            f"{row['median_ns']:>8}{row['lru_median_ns']:>8}{row['faster']:>7}x"
        )
