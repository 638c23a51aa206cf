# SPDX-License-Identifier: Apache-2.0
"""Pins of tables that flows move into, wherever a crash has left them; and of other releases."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dsrlb.dataplane import bpf, generation
from dsrlb.dataplane.artifact import Artifact, build, part
from dsrlb.dataplane.mapnames import PRIVATE
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import AbiMismatch

BEFORE, AFTER = 3_000, 5_000


@pytest.fixture
def built() -> Artifact:
    return build()


def ids(maps: MapSet) -> dict[str, int]:
    """The kernel's number of each map, but for those that are there only while flows move."""
    names = maps.keys() - generation.EXTRA
    return {name: bpf.map_info(maps.fd(name)).id for name in names}


def kinds(folder: Path) -> set[str]:
    """What pins are of."""
    return {path.name.rpartition("-")[0] for path in folder.iterdir() if not path.is_dir()}


def begin(built: Artifact, pins: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Tables, and others that flows are to move into: their maps."""
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
        former = ids(made)
    with closing(MapSet(built, pins, AFTER, resize=True)) as larger:
        larger.add(build(part("front")))
        assert (larger.moving, larger.renewed, larger.capacity) == (True, True, AFTER)
        assert larger.former_sizes(4).capacity == BEFORE
        larger.pin()
        return former, ids(larger)


def test_what_has_places_is_made_anew_and_all_else_is_shared(built: Artifact, pins: Path) -> None:
    former, new = begin(built, pins)
    assert {name for name in former if former[name] != new[name]} == (
        generation.MADE_ANEW - generation.EXTRA
    )
    assert kinds(pins / generation.DRAINING) == generation.MADE_ANEW


def test_a_start_goes_on_with_them(built: Artifact, pins: Path) -> None:
    """Whatever it asks for; and who only looks sees the same."""
    _, new = begin(built, pins)
    for resize, capacity in ((True, AFTER), (True, 10_000), (False, 1_000)):
        with closing(MapSet(built, pins, capacity, resize=resize)) as again:
            again.add(build(part("front")))
            assert (again.moving, again.renewed, again.capacity) == (True, True, AFTER)
            assert ids(again) == new


def test_they_take_the_place_of_the_former_ones(built: Artifact, pins: Path) -> None:
    _, new = begin(built, pins)
    before = kinds(pins)
    with closing(MapSet(built, pins, AFTER, resize=True)) as larger:
        larger.add(build(part("front")))
        larger.drained()
        assert not larger.moving
    assert kinds(pins) == before
    assert not any(path.is_dir() for path in pins.iterdir())
    with closing(MapSet(built, pins, AFTER, resize=True)) as again:
        assert (again.moving, again.renewed, ids(again)) == (False, False, new)


@pytest.mark.parametrize("moved", [0, 3, len(generation.MADE_ANEW)])
def test_a_crash_while_they_do(built: Artifact, pins: Path, moved: int) -> None:
    """Some pins are where they belong."""
    _, new = begin(built, pins)
    drained = (pins / generation.DRAINING).rename(pins / generation.DRAINED)
    for pin in sorted(drained.iterdir())[:moved]:
        if pin.name.rpartition("-")[0] in generation.EXTRA:
            pin.unlink()
        else:
            pin.replace(pins / pin.name)
    with closing(MapSet(built, pins, AFTER, resize=True)) as again:
        assert (again.moving, again.renewed, ids(again)) == (False, False, new)
    assert not any(path.is_dir() for path in pins.iterdir())


def test_a_crash_before_anybody_could_use_them(built: Artifact, pins: Path) -> None:
    former, _ = begin(built, pins)
    (pins / generation.DRAINING).rename(pins / generation.NEXT)
    with closing(MapSet(built, pins, BEFORE, resize=True)) as again:
        assert (again.moving, again.renewed, ids(again)) == (False, False, former)
    assert not (pins / generation.NEXT).exists()


def test_taken_back(built: Artifact, pins: Path) -> None:
    """After a start that was refused: as if it had not been."""
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
        former = ids(made)
    before = sorted(path.name for path in pins.iterdir())
    with closing(MapSet(built, pins, AFTER, resize=True)) as larger:
        larger.add(build(part("front")))
        larger.pin()
        larger.take_back()
    assert sorted(path.name for path in pins.iterdir()) == before
    with closing(MapSet(built, pins, BEFORE, resize=True)) as again:
        assert (again.moving, ids(again)) == (False, former)


def release(built: Artifact, more: int) -> Artifact:
    """A later release's, with the same layouts."""
    constants = {**built.constants, "ABI_VERSION": built.constants["ABI_VERSION"] + more}
    return replace(built, constants=constants)


def test_another_release_shares_all_but_its_own(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
        former, names = ids(made), kinds(pins)
    with closing(MapSet(release(built, 1), pins, BEFORE)) as later:
        assert (later.taken_over, later.renewed) == (True, True)
        later.pin()
        new = ids(later)
        assert {name for name in former if former[name] != new[name]} == PRIVATE
        with closing(MapSet(release(built, 1), pins, BEFORE)) as crashed:
            assert (crashed.renewed, ids(crashed)) == (True, new)
        assert later.forget_former() == len(PRIVATE) + 1
    assert kinds(pins) == names
    with pytest.raises(AbiMismatch, match="newer version of dsrlb"):
        MapSet(built, pins, BEFORE)


def test_a_map_that_means_something_else_is_refused(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    later = release(built, 1)
    changed = replace(later, constants={**later.constants, "MAP_VERSION_reals": 10})
    with pytest.raises(AbiMismatch, match="another version of the fast path: reals-"):
        MapSet(changed, pins, BEFORE)
