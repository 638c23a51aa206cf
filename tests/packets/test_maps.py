# SPDX-License-Identifier: Apache-2.0
"""Flow tables that are pinned and taken over: they stay as large as they were made."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.dataplane.artifact import Artifact, build
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import AbiMismatch

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
