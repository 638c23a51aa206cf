# SPDX-License-Identifier: Apache-2.0
"""How measurements of a response time are put together: program and model, number for number."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.dataplane import bpf
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.maps import MapSet
from tests.packets.algorithms import Response
from tests.packets.algorithms.response import MOST, STALE
from tests.packets.flowtable.drivers import compiled

NS = st.one_of(
    st.integers(0, 2000),
    st.integers(0, 1_000_000_000),
    st.integers(1 << 35, 1 << 38),
    st.integers(0, (1 << 64) - 1),
)
WAITS = st.one_of(st.integers(0, 3), st.sampled_from([STALE - 1, STALE, STALE + 1, 1 << 20]))


@dataclass
class Samples:
    """The program, and its measurements of one real server."""

    program: int
    maps: MapSet
    index: int = 5

    def tell(self, ns: int, now: int) -> Response:
        """One more; what is known then."""
        told = struct.pack("<QII", ns, self.index, now)
        result = bpf.prog_test_run(self.program, told.ljust(64, b"\0"), 0, headroom_out=0)
        assert result.code == bpf.XDP_PASS
        measured = int(self.maps["responses"].array["measured"][self.index])
        return Response(measured >> 32, measured & 0xFFFFFFFF)

    def forget(self) -> None:
        """Nothing is measured."""
        self.maps["responses"].array[:] = 0


@pytest.fixture(scope="module")
def samples() -> Iterator[Samples]:
    """sample.c, loaded."""
    artifact = compiled("../algorithms/sample.c")
    with closing(MapSet(artifact, None, 1024)) as maps:
        program = load_program(artifact.programs["sample"], maps)
        yield Samples(program, maps)
        os.close(program)


@settings(max_examples=150, deadline=None)
@given(tick=st.integers(1, 1 << 30), steps=st.lists(st.tuples(NS, WAITS), max_size=12))
def test_program_against_model(samples: Samples, tick: int, steps: list[tuple[int, int]]) -> None:
    samples.forget()
    expected = Response()
    for ns, wait in steps:
        tick += wait
        expected.sample(ns, tick)
        assert samples.tell(ns, tick) == expected


def test_an_eighth(samples: Samples) -> None:
    """In units of 16 ns; a second is 62,500,000 of them."""
    samples.forget()
    seen = [samples.tell(ns, 1000).smoothed for ns in (1600, 3200, 800, 800, 1616)]
    assert seen == [100, 112, 105, 99, 100]
    assert samples.tell(1_000_000_000, 1000 + STALE).smoothed == 62_500_000


def test_limits(samples: Samples) -> None:
    """At least a unit, at most what 32 bits hold: 68 s."""
    samples.forget()
    assert samples.tell(0, 1).smoothed == 1
    assert samples.tell(0, 1).smoothed == 1
    samples.forget()
    assert samples.tell((1 << 64) - 1, 1).smoothed == MOST


def test_it_gets_there(samples: Samples) -> None:
    """A step is at least a unit, so what is measured again and again is known to the unit."""
    samples.forget()
    samples.tell(16_000, 7)
    assert [samples.tell(16_160, 7).smoothed for _ in range(40)][-1] == 1010
    assert [samples.tell(15_840, 7).smoothed for _ in range(40)][-1] == 990
