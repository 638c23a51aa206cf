# SPDX-License-Identifier: Apache-2.0
"""Trace bitmaps: when they are made anew, in which steps, and with which bits."""

from __future__ import annotations

import numpy as np
import pytest

from dsrlb.control.flows.traces import TraceBitmaps
from dsrlb.dataplane.flowhash import traces
from tests.unit.control.flowmaps import Flows


class Bench:
    """Bitmaps of small tables, and a clock."""

    def __init__(self) -> None:
        self.flows = Flows()
        self.now = 1000.0
        self.settings = self.flows.maps["flow_settings"].array[0]
        self.rows = self.flows.maps["traces"].array.reshape(4, -1)
        self.bitmaps = self.made_anew()

    def made_anew(self) -> TraceBitmaps:
        """As a daemon begins."""
        return TraceBitmaps(self.flows.maps, self.flows.tables, lambda: self.now)  # type: ignore[arg-type]

    def flood(self) -> None:
        """As many keys were there as the tables have room for."""
        self.rows[:] = np.uint64(2**64 - 1)

    def step(self, used: int = 0) -> bool:
        return self.bitmaps.step([used] * 2, lambda: self.flows.reaper)  # type: ignore[arg-type, return-value]

    def state(self) -> tuple[int, int]:
        """Which bitmap look-ups go by, and whether inserts mark both."""
        return int(self.settings["trace_active"]), int(self.settings["trace_filling"])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_few_bits_are_left_alone(bench: Bench) -> None:
    bench.rows[0, 0] = 0xFF
    assert not bench.step()
    assert bench.flows.reaper.calls == []


def test_bits_that_are_needed_are_left_alone(bench: Bench) -> None:
    bench.flood()
    assert not bench.step(used=bench.rows.shape[1] * 64 // 4)
    assert bench.flows.reaper.calls == []


def test_a_rebuild(bench: Bench) -> None:
    """Emptied, and marked by inserts; a second later filled with what entries need, and used;
    another second later the only one that inserts mark."""
    bench.flood()
    flows, table = bench.flows, bench.flows.tables[0]
    for entry in (5, 100, 2000):
        flows.put(entry, port=entry)
    flows.put(9, port=9, pending=True, state="pending")
    assert not bench.step(used=4)
    assert not bench.rows[1].any() and not bench.rows[3].any()
    assert bench.rows[0].all() and bench.state() == (0, 1)
    bench.now += 0.9
    assert not bench.step(used=4)
    bench.rows[1, 7] |= np.uint64(1 << 33)  # an insert meanwhile
    bench.now += 0.2
    assert bench.step(used=4)
    assert bench.state() == (1, 1)
    secret = flows.maps["flow_settings"].array["secret"][0]
    entries = np.array([5, 100, 2000, 9 + flows.maps.sizes.main_sets * 4])
    expected = np.zeros(bench.rows.shape[1], np.uint64)
    expected[7] = 1 << 33
    words = traces(table.key_words(entries), secret, len(expected))
    for word, bits in zip(*words, strict=True):
        expected[word] |= bits
    assert (bench.rows[1] == expected).all()
    assert bench.bitmaps.marked(table) == 1 + 2 * 4
    assert not bench.rows[3].any()
    bench.now += 0.9
    assert not bench.step(used=4)
    assert bench.bitmaps.rebuilding and bench.state() == (1, 1)
    bench.now += 0.2
    assert not bench.step(used=4)
    assert bench.state() == (1, 0)
    assert bench.bitmaps.step([4, 4], lambda: flows.reaper) is False  # type: ignore[arg-type, return-value]
    assert flows.reaper.calls.count("trace") == 2


def test_not_all_the_time(bench: Bench) -> None:
    bench.flood()
    bench.step()
    bench.now += 2
    assert bench.step()
    bench.flood()
    for _ in range(4):
        bench.now += 4
        assert not bench.step()
    assert bench.rows[0].all()
    bench.now += 4
    bench.step()
    assert bench.state() == (1, 1) and not bench.rows[0].any()


@pytest.mark.parametrize("active", [0, 1])
def test_a_daemon_that_was_killed_in_between(bench: Bench, active: int) -> None:
    """Whichever bitmap look-ups go by is right; inserts mark both until the next daemon has
    waited for those who went by the other."""
    bench.settings["trace_active"], bench.settings["trace_filling"] = active, 1
    bench.bitmaps = bench.made_anew()
    assert bench.bitmaps.rebuilding
    assert not bench.step()
    assert bench.state() == (active, 1)
    bench.now += 1
    assert not bench.step()
    assert bench.state() == (active, 0) and not bench.bitmaps.rebuilding
