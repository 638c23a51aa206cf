# SPDX-License-Identifier: Apache-2.0
"""A start of a later release that is killed: the one that runs goes on, and starts again."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from dsrlb.control import abandoned
from dsrlb.dataplane import bpf, generation
from dsrlb.dataplane.artifact import Artifact, build, part
from dsrlb.dataplane.loader import load_program
from dsrlb.dataplane.mapnames import LAYOUTS
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import NewerVersion
from dsrlb.net import links
from tests.packets.test_generations import BEFORE, ids, relaid, release


@pytest.fixture
def built() -> Artifact:
    return build()


def begun(built: Artifact, pins: Path) -> dict[str, int]:
    """What runs; returns its maps."""
    with closing(MapSet(built, pins, BEFORE)) as made:
        made.pin()
        return ids(made)


def more(later: Artifact) -> Artifact:
    """With a map that only the later release has."""
    return replace(later, maps={**later.maps, "news": replace(later.maps["loads"], name="news")})


def check_forgotten(built: Artifact, pins: Path, before: dict[str, int]) -> None:
    with pytest.raises(NewerVersion):
        MapSet(built, pins, BEFORE, resize=True)
    assert abandoned.forget(pins)
    with closing(MapSet(built, pins, BEFORE, resize=True)) as again:
        assert (again.moving, ids(again)) == (False, before)
        again.forget_former()
    assert not any(path.is_dir() for path in pins.iterdir())
    kinds = [path.name.rpartition("-")[0] for path in pins.iterdir()]
    assert len(set(kinds)) == len(kinds)
    assert LAYOUTS in kinds
    assert "news" not in kinds


def test_shared_tables(built: Artifact, pins: Path) -> None:
    before = begun(built, pins)
    with closing(MapSet(more(release(built, 1)), pins, BEFORE, resize=True)) as later:
        later.pin()
    check_forgotten(built, pins, before)


@pytest.mark.parametrize("stage", [generation.NEXT, generation.DRAINING])
def test_tables_of_another_layout(built: Artifact, pins: Path, stage: str) -> None:
    before = begun(built, pins)
    later_pins(built, pins).rename(pins / stage)
    check_forgotten(built, pins, before)


def test_the_mark_alone(built: Artifact, pins: Path) -> None:
    """It is pinned first of all."""
    before = begun(built, pins)
    with closing(MapSet(release(built, 1), pins, BEFORE)) as later:
        fd = later.fd("settings")
        bpf.pin(fd, pins / f"abi-{built.constants['ABI_VERSION'] + 1}")
    check_forgotten(built, pins, before)


def later_pins(built: Artifact, pins: Path) -> Path:
    """Those of a later release with tables of another layout; returns the folder beside others."""
    with closing(MapSet(more(relaid(built, 1)), pins, BEFORE, resize=True)) as later:
        later.add(build(part("front")))
        later.pin()
    return pins / generation.DRAINING


def check_left_alone(pins: Path) -> None:
    before = sorted(pins.rglob("*"))
    assert not abandoned.forget(pins)
    assert sorted(pins.rglob("*")) == before


def test_what_packets_go_by_already(built: Artifact, pins: Path) -> None:
    begun(built, pins)
    (moved,) = later_pins(built, pins).glob(f"{generation.MOVED}-*")
    fd = bpf.get_pinned(moved)
    bpf.map_update(fd, bytes(4), (1).to_bytes(8, "little"))
    os.close(fd)
    check_left_alone(pins)


def test_flows_that_have_moved(built: Artifact, pins: Path) -> None:
    begun(built, pins)
    later_pins(built, pins).rename(pins / generation.DRAINED)
    check_left_alone(pins)


def test_a_later_release_that_took_over(built: Artifact, pins: Path) -> None:
    """Nothing of this one's own is left."""
    begun(built, pins)
    with closing(MapSet(release(built, 1), pins, BEFORE)) as later:
        later.pin()
        later.forget_former()
    check_left_alone(pins)


def test_a_later_release_whose_program_runs(
    built: Artifact, pins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one interface, say, when it was killed."""
    begun(built, pins)
    with closing(MapSet(release(built, 1), pins, BEFORE)) as later:
        later.pin()
        fd = load_program(built.programs["dsrlb"], later)
        program = bpf.prog_info(fd).id
        some = next(iter(links.list_links().values()))
        found = {some.ifindex: replace(some, xdp_program=program)}
        monkeypatch.setattr(links, "list_links", lambda: found)
        check_left_alone(pins)
        os.close(fd)
