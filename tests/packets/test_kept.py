# SPDX-License-Identifier: Apache-2.0
"""Programs that an earlier daemon has put in place: the same ones are not loaded again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from dsrlb.dataplane import artifact, bpf, loader
from dsrlb.dataplane.artifact import Program
from dsrlb.dataplane.linking import Maps
from dsrlb.dataplane.loader import Dataplane

ALWAYS = ["dsrlb", "dsrlb_probe"]
"""These are in no place of stages[]."""
PASS = bytes.fromhex("b700000002000000 9500000000000000")
"""r0 = XDP_PASS; exit"""
USED = "fragments"
"""A map that not all programs use."""


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the programs that were loaded, as they come. What the kernel gets in their
    place takes it no time."""
    names: list[str] = []

    def noted(program: Program, maps: Maps) -> int:
        names.append(program.name)
        return bpf.prog_load_xdp(PASS, program.name)

    monkeypatch.setattr(loader, "load_program", noted)
    return names


@contextmanager
def started(pins: Path, record: Path) -> Iterator[Dataplane]:
    with closing(Dataplane.create(pins, 1024, record=record)) as dataplane:
        dataplane.maps.pin()
        yield dataplane


def running(dataplane: Dataplane) -> dict[str, int]:
    """The ids of the programs in stages[]."""
    stages = dataplane.maps["stages"]
    places = dataplane.artifact.stages.items()
    return {f"dsrlb_{name}": int(stages.get(place)) for name, place in places}  # type: ignore[arg-type]


def again(pins: Path, record: Path, loads: list[str]) -> list[str]:
    """What the next start loads; all places have a program behind it, and the next but one keeps
    all of them."""
    loads.clear()
    with started(pins, record) as dataplane:
        loaded, ids = sorted(loads), running(dataplane)
    loads.clear()
    with started(pins, record) as dataplane:
        assert (sorted(loads), running(dataplane)) == (ALWAYS, ids)
    return loaded


def test_the_same_programs_stay(pins: Path, tmp_path: Path, loads: list[str]) -> None:
    with started(pins, tmp_path / "programs.json") as dataplane:
        everyone, before = sorted(loads), running(dataplane)
        assert set(everyone) == {*before, *ALWAYS}
    loads.clear()
    with started(pins, tmp_path / "programs.json") as dataplane:
        assert sorted(loads) == ALWAYS
        assert running(dataplane) == before


def _absent(record: Path) -> None:
    record.unlink()


def _cut_short(record: Path) -> None:
    record.write_text(record.read_text()[:100])


def _of_another_kind(record: Path) -> None:
    record.write_text('["dsrlb"]')


def _of_another_boot(record: Path) -> None:
    data = json.loads(record.read_text())
    record.write_text(json.dumps({**data, "boot": "another"}))


@pytest.mark.parametrize("spoil", [_absent, _cut_short, _of_another_kind, _of_another_boot])
def test_without_the_file_all_are_loaded(
    pins: Path, tmp_path: Path, loads: list[str], spoil: Callable[[Path], None]
) -> None:
    record = tmp_path / "programs.json"
    with started(pins, record):
        everyone = sorted(loads)
    spoil(record)
    assert again(pins, record, loads) == everyone


def test_what_differs_is_loaded(pins: Path, tmp_path: Path, loads: list[str]) -> None:
    """Other bytecode, another program in the place, none there, another map."""
    record = tmp_path / "programs.json"
    with started(pins, record):
        pass
    data: dict[str, Any] = json.loads(record.read_text())
    data["programs"]["dsrlb_icmp"][1] = data["programs"]["dsrlb_refuse"][1]
    record.write_text(json.dumps(data))
    assert again(pins, record, loads) == sorted([*ALWAYS, "dsrlb_icmp"]), "bytecode"

    with started(pins, record) as dataplane:
        stages = dataplane.artifact.stages
        program = loader._program(dataplane.artifact, dataplane._sources, "refuse")
        loader.put_stage(
            dataplane.maps, stages["deliver"], loader.load_program(program, dataplane.maps)
        )
        bpf.map_delete(dataplane.maps.fd("stages"), stages["unknown"].to_bytes(4, "little"))
    assert again(pins, record, loads) == sorted([*ALWAYS, "dsrlb_deliver", "dsrlb_unknown"])

    next(pins.glob(f"{USED}-*")).unlink()
    names = list(artifact.build().stages)
    programs = [artifact.build(artifact.part(name)).programs[f"dsrlb_{name}"] for name in names]
    users = [program.name for program in programs if USED in {name for _, name in program.maps}]
    assert 0 < len(users) < len(programs)
    assert again(pins, record, loads) == sorted([*ALWAYS, *users]), "map"


def test_a_file_that_cannot_be_written(pins: Path, tmp_path: Path, loads: list[str]) -> None:
    record = tmp_path / "absent" / "programs.json"
    for _ in range(2):
        loads.clear()
        with started(pins, record) as dataplane:
            assert len(loads) == len(running(dataplane)) + len(ALWAYS)
