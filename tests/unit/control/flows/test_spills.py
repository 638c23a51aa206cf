# SPDX-License-Identifier: Apache-2.0
"""Spill bitmaps: when they are made anew, in which steps, and with which bits."""

from __future__ import annotations

import numpy as np
import pytest

from dsrlb.control.flows.spills import SpillBitmaps
from dsrlb.dataplane.flowhash import spilled_sets
from tests.unit.control.flowmaps import Flows, artifact


class Bench:
    """Bitmaps of small tables, and a clock."""

    def __init__(self) -> None:
        self.flows = Flows()
        self.now = 1000.0
        tables = self.flows.tables
        maps = self.flows.maps
        self.bitmaps = SpillBitmaps(maps, artifact(), tables, lambda: self.now)  # type: ignore[arg-type]
        self.rows = maps["spills"].array.reshape(4, -1)

    @property
    def active(self) -> int:
        return int(self.flows.maps["flow_settings"].array["spill_active"][0])

    def flood(self) -> None:
        """Every set has been full once."""
        self.rows[:, : self.flows.maps.sizes.sets // 64] = np.uint64(2**64 - 1)

    def step(self, needed: int = 0) -> bool:
        return self.bitmaps.step([needed] * 2, lambda: self.flows.reaper)  # type: ignore[arg-type, return-value]

    def bits(self, row: int) -> set[int]:
        return set(np.flatnonzero(np.unpackbits(self.rows[row].view("u1"), bitorder="little")))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_few_bits_are_left_alone(bench: Bench) -> None:
    bench.rows[0, 0] = 0xFF
    assert not bench.step()
    assert bench.flows.reaper.calls == []


def test_bits_that_are_needed_are_left_alone(bench: Bench) -> None:
    bench.flood()
    assert not bench.step(needed=bench.flows.maps.sizes.sets // 2)
    assert bench.flows.reaper.calls == []


def test_a_rebuild(bench: Bench) -> None:
    """Emptied; a second later filled with what entries need; then used."""
    bench.flood()
    flows, table = bench.flows, bench.flows.tables[0]
    for entry, probe in ((5, 0), (100, 1), (2000, 7)):
        flows.put(entry, port=entry, probe=probe)
    flows.put(9, port=9, probe=2, pending=True, state="pending")
    assert not bench.step(needed=10)
    assert not bench.bits(1) and not bench.bits(3)
    assert bench.bits(0) and bench.active == 0
    bench.now += 0.9
    assert not bench.step(needed=10)
    flows.reaper.mark(False, np.array([77]), 1)  # an insert meanwhile marks both
    bench.now += 0.2
    assert bench.step(needed=10)
    assert bench.active == 1
    secret = flows.maps["flow_settings"].array["secret"][0]
    main = np.array([5, 100, 2000])
    pending = np.array([9 + flows.maps.sizes.main_sets * 4])
    needed = {
        77,
        *spilled_sets(table, main, secret, pending=False).tolist(),
        *spilled_sets(table, pending, secret, pending=True).tolist(),
    }
    assert len(needed) == 1 + 8 + 2
    assert bench.bits(1) == needed
    assert not bench.bits(3)
    assert bench.bitmaps.marked(table) == len(needed)


def test_at_most_once_a_minute(bench: Bench) -> None:
    bench.flood()
    bench.step()
    bench.now += 2
    assert bench.step()
    bench.flood()
    for _ in range(5):
        bench.now += 10
        assert not bench.step()
    assert bench.bits(0)
    bench.now += 10
    bench.step()
    assert bench.active == 1 and not bench.bits(0)
