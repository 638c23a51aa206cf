# SPDX-License-Identifier: Apache-2.0
"""Flow tables that are pinned and taken over: they stay as large as they were made."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.dataplane.artifact import Artifact, build
from dsrlb.dataplane.cpus import possible_cpus
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import AbiMismatch, KernelError

CAPACITY = 3001


@pytest.fixture
def built() -> Artifact:
    return build()


def test_sizes_and_secret_are_taken_over(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, CAPACITY)) as made:
        made.pin()
        assert not made.taken_over
        sizes, settings = made.sizes, made["flow_settings"].array.tobytes()
        assert made["flows4"].max_entries == made["flows6"].max_entries == 1501 + 376
    with closing(MapSet(built, pins, 1000)) as again:
        assert again.taken_over
        assert (again.capacity, again.sizes) == (CAPACITY, sizes)
        assert again["flow_settings"].array.tobytes() == settings
        assert again["flows6"].max_entries == sizes.sets


def test_pinning_that_was_cut_short_is_finished(built: Artifact, pins: Path) -> None:
    """What is missing is made as large as the settings, the first pin, say."""
    with closing(MapSet(built, pins, CAPACITY)) as made:
        made.pin()
        for path in pins.iterdir():
            if not path.name.startswith("flow_settings-"):
                path.unlink()
    with closing(MapSet(built, pins, 1000)) as again:
        assert again["flows4"].max_entries == again.sizes.sets == 1501 + 376


def test_tables_without_settings_are_refused(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, CAPACITY)) as made:
        made.pin()
    next(pins.glob("flow_settings-*")).unlink()
    with pytest.raises(AbiMismatch, match="has flow tables, but not their settings"):
        MapSet(built, pins, CAPACITY)


def test_counts_of_many_places_are_cleared_on_every_cpu(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, CAPACITY)) as maps:
        traffic, cpus = maps["real_traffic"], possible_cpus()
        size = traffic.layout.value_size * cpus
        for index in (1, 2, 40_000, 40_001):
            traffic.set(index, b"\xff" * size)
        traffic.clear_each([*range(2, 40_001)])
        kept = {1, 40_001}
        for index in (1, 2, 3, 40_000, 40_001):
            values = traffic.get(index)
            assert values is not None
            assert values.tobytes() == (b"\xff" if index in kept else b"\0") * size


def test_a_place_that_is_not_there_is_not_cleared(built: Artifact, pins: Path) -> None:
    with (
        closing(MapSet(built, pins, CAPACITY)) as maps,
        pytest.raises(KernelError, match="cannot write map real_traffic"),
    ):
        maps["real_traffic"].clear_each([maps["real_traffic"].max_entries])
