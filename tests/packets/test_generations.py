# SPDX-License-Identifier: Apache-2.0
"""Pins of tables that flows move into, wherever a crash has left them; and of other releases."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dsrlb.dataplane import bpf, generation, layouts
from dsrlb.dataplane.artifact import Artifact, build, part
from dsrlb.dataplane.mapnames import LAYOUTS, PRIVATE, PinNames
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


def test_a_crash_while_they_are_taken_back(
    built: Artifact, pins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever pins are gone by then, the next start forgets the others."""
    former, _ = begin(built, pins)

    def killed(folder: Path) -> None:
        next(folder.glob("flow_settings-*")).unlink()
        raise InterruptedError

    with monkeypatch.context() as patched, pytest.raises(InterruptedError):
        patched.setattr(generation, "_remove", killed)
        generation.forget(pins)
    with closing(MapSet(built, pins, BEFORE, resize=True)) as again:
        assert (again.moving, again.renewed, ids(again)) == (False, False, former)
    assert not any(path.is_dir() for path in pins.iterdir())


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


def relaid(built: Artifact, more: int) -> Artifact:
    """A later release's, whose flows have a word more."""
    flows = built.maps["flows4"]
    meta, (_, flow, count) = flows.value[1]
    longer = ["flow4", [*flow[1], ["mark", "unsigned long long"]], "struct_packed"]
    value = ["flow_set4", [meta, ["flow", longer, count]], "struct_packed"]
    changed = replace(flows, value=value, value_size=flows.value_size + 32)
    later = release(built, more)
    return replace(later, maps={**later.maps, "flows4": changed})


def test_tables_of_another_layout_are_put_aside(built: Artifact, pins: Path) -> None:
    """As those of another size, with what they look like."""
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
        former = ids(made)
    with closing(MapSet(relaid(built, 1), pins, BEFORE, resize=True)) as later:
        later.add(build(part("front")))
        assert (later.moving, later.renewed, later.capacity) == (True, True, BEFORE)
        assert later.converted["flows4"] == built.maps["flows4"]
        assert bpf.map_info(later.fd("former4")).id == former["flows4"]
        later.pin()
        new = ids(later)
        shared = {name for name in former if former[name] == new[name]}
        assert shared == former.keys() - generation.MADE_ANEW - PRIVATE
    with closing(MapSet(relaid(built, 1), pins, BEFORE)) as only_looks:
        assert ids(only_looks) == new
    with closing(MapSet(relaid(built, 1), pins, AFTER, resize=True)) as again:
        again.add(build(part("front")))
        assert (again.moving, again.capacity, ids(again)) == (True, BEFORE, new)
        again.drained()
        again.forget_former()
    found = [path.name.rpartition("-")[0] for path in pins.iterdir()]
    assert len(set(found)) == len(found)
    with closing(MapSet(relaid(built, 1), pins, BEFORE, resize=True)) as last:
        assert (last.moving, last.renewed, ids(last)) == (False, False, new)


def test_taken_back_from_another_layout(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    before = sorted(path.name for path in pins.iterdir())
    with closing(MapSet(relaid(built, 1), pins, BEFORE, resize=True)) as later:
        later.add(build(part("front")))
        later.pin()
        later.take_back()
    assert sorted(path.name for path in pins.iterdir()) == before


def test_who_only_looks_refuses_another_layout(built: Artifact, pins: Path) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    with pytest.raises(AbiMismatch, match="another version of the fast path: flows4-"):
        MapSet(relaid(built, 1), pins, BEFORE)


@pytest.mark.parametrize("left", ["nothing", "another", "garbage"])
def test_a_layout_that_nothing_describes_is_refused(built: Artifact, pins: Path, left: str) -> None:
    """A record that is not of these tables is not believed."""
    former = relaid(built, -1)
    with closing(MapSet(former, pins, BEFORE)) as made:
        made.pin()
    (record,) = pins.glob(f"{LAYOUTS}-*")
    record.unlink()
    if left == "another":
        layouts.Record(release(built, -1), PinNames(former)).pin(pins)
    elif left == "garbage":
        fd = bpf.map_create(bpf.MAP_TYPE_ARRAY, 4, 8, 1, 0, LAYOUTS)
        bpf.pin(fd, record)
        os.close(fd)
    with pytest.raises(AbiMismatch, match=r"\(nothing describes what is in flows4-"):
        MapSet(built, pins, BEFORE, resize=True)


def test_a_layout_without_a_record(built: Artifact, pins: Path) -> None:
    """0.1.0 made none, and had the present layout: a file says so."""
    with closing(MapSet(release(built, -1), pins, BEFORE)) as made:
        made.pin()
    for record in pins.glob(f"{LAYOUTS}-*"):
        record.unlink()
    with closing(MapSet(relaid(built, 0), pins, BEFORE, resize=True)) as later:
        assert later.converted["flows4"] == built.maps["flows4"]


def test_flows_on_their_way_to_another_release_are_left_alone(built: Artifact, pins: Path) -> None:
    """A third one would find in no table what the second has there already."""
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    with closing(MapSet(relaid(built, 1), pins, BEFORE, resize=True)) as later:
        later.add(build(part("front")))
        later.pin()
    with pytest.raises(AbiMismatch, match="on their way into tables of another version"):
        MapSet(release(built, 2), pins, BEFORE, resize=True)


@pytest.mark.parametrize("stage", [generation.NEXT, generation.DRAINING, generation.DRAINED])
def test_what_a_later_release_is_at_is_left_as_it_is(
    built: Artifact, pins: Path, stage: str
) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    with closing(MapSet(relaid(built, 1), pins, BEFORE, resize=True)) as later:
        later.add(build(part("front")))
        later.pin()
    (pins / generation.DRAINING).rename(pins / stage)
    before = sorted(pins.rglob("*"))
    with pytest.raises(AbiMismatch, match="newer version of dsrlb"):
        MapSet(built, pins, BEFORE, resize=True)
    assert sorted(pins.rglob("*")) == before


def meaning_another(built: Artifact, what: str) -> Artifact:
    """A release's with another layout, and entries that mean something else."""
    later = relaid(built, 1)
    if what == "version":
        return replace(later, constants={**later.constants, "MAP_VERSION_flows4": 99})
    if what == "ticks":
        return replace(later, constants={**later.constants, "TICK_SHIFT": 26})
    states = {**later.enums["flow_state"], "FLOW_IDLE": 9}
    return replace(later, enums={**later.enums, "flow_state": states})


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("version", r"\(what flows4 holds has another meaning by now\)"),
        ("ticks", r"\(what the entries of its flow tables hold has another meaning by now\)"),
        ("states", r"\(what the entries of its flow tables hold has another meaning by now\)"),
    ],
)
def test_another_meaning_is_refused(built: Artifact, pins: Path, what: str, said: str) -> None:
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
    before = sorted(pins.rglob("*"))
    with pytest.raises(AbiMismatch, match=said):
        MapSet(meaning_another(built, what), pins, BEFORE, resize=True)
    assert sorted(pins.rglob("*")) == before
