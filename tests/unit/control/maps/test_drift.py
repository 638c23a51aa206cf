# SPDX-License-Identifier: Apache-2.0
"""Maps that somebody else has written to: what is found, and that it is put right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from typing import NamedTuple, cast

import pytest

from dsrlb.config import Config
from dsrlb.control.balancer import Balancer
from dsrlb.control.maps import drift
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.inspection import inspect
from dsrlb.control.maps.installed import read
from dsrlb.dataplane.keys import address_bytes
from tests.unit.control.changes import CHANGES, WEB
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    ELEVEN,
    TEN,
    check_end,
    config_of,
    desired_of,
    service,
)

GROUPED = 'persistence = 60\npersistence_group = "g"\nalgorithm = "maglev"\ntable_size = 4093'
WHOLE = config_of(service("web", "80", [A1, A2, A3], GROUPED))


def written(config: Config) -> tuple[FakeMaps, Applier]:
    """Maps that hold a configuration."""
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(config))
    return maps, applier


def _slot(maps: FakeMaps) -> None:
    maps["slots"].array[:] = 0


def _member(maps: FakeMaps) -> None:
    at = maps["members"].array.nonzero()[0][0]
    maps["members"].array[at] ^= 1


def _weight(maps: FakeMaps) -> None:
    at = maps["members"].array.nonzero()[0][0]
    maps["members"].array[at] += 7 << 32


def _flags(maps: FakeMaps) -> None:
    at = maps["reals"].array["flags"].nonzero()[0][0]
    maps["reals"].array["flags"][at] |= 8


def _mac(maps: FakeMaps) -> None:
    at = maps["reals"].array["flags"].nonzero()[0][0]
    maps["reals"].array["mac"][at][5] ^= 1


def _record(maps: FakeMaps) -> None:
    at = maps["records"].array["method"].nonzero()[0][0]
    maps["records"].array["on_unknown"][at] = 1


def _table(maps: FakeMaps) -> None:
    lines = maps["tables"].array["real"]
    lines[lines.nonzero()[0][0]][:] = 3


def _vip(maps: FakeMaps) -> None:
    maps["vips"].delete(address_bytes(WHOLE.service[0].vip[0]))


def _home(maps: FakeMaps) -> None:
    for key in list(maps["homes"].hash_keys()):
        maps["homes"].set(key.tobytes(), 9)


DAMAGES = {
    "slot": (_slot, "service web"),
    "member": (_member, "service web"),
    "weight": (_weight, "service web"),
    "flags": (_flags, "real server"),
    "mac": (_mac, "real server"),
    "record": (_record, "service web"),
    "table": (_table, "table of web"),
    "vip": (_vip, "VIP"),
    "home": (_home, "home"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_put_right(name: str) -> None:
    damage: tuple[Callable[[FakeMaps], None], str] = DAMAGES[name]
    maps, applier = written(WHOLE)
    damage[0](maps)
    found = drift.repair(maps, applier)
    assert any(text.startswith(damage[1]) for text in found), found
    applier.apply(desired_of(WHOLE))
    assert drift.repair(maps, applier) == ()
    check_end(maps, WHOLE)
    fresh, _ = written(WHOLE)
    lines = [one["tables"].array["real"] for one in (maps, fresh)]
    held = [read(one).services for one in (maps, fresh)]
    (ours,), (theirs,) = (list(services.values()) for services in held)
    used = [
        line[entry.table :].reshape(-1)[: entry.entries].tolist()
        for line, entry in zip(lines, (ours, theirs), strict=True)
    ]
    assert used[0] == used[1]


def looked(maps: FakeMaps, applier: Applier) -> bool:
    """Is anything found, step by step?"""
    return any(list(inspect(maps, applier)))


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_step_by_step(name: str) -> None:
    """By one look, in which nothing else is wrong."""
    maps, applier = written(WHOLE)
    assert not looked(maps, applier)
    DAMAGES[name][0](maps)
    assert looked(maps, applier)


def _other_real(maps: FakeMaps) -> None:
    """One that has no service's flags is no real server any more."""
    reals = maps["reals"].array
    reals["flags"][reals["flags"].nonzero()[0][0]] = 0


def _stranger(maps: FakeMaps) -> None:
    reals = maps["reals"].array
    reals[99] = reals[reals["flags"].nonzero()[0][0]]


def _service_of_nobody(maps: FakeMaps) -> None:
    maps["names"].array["name"][7] = b"4:stranger"


def _no_name(maps: FakeMaps) -> None:
    maps["names"].array["name"][:] = b""


def _limit(maps: FakeMaps) -> None:
    at = maps["reals"].array["flags"].nonzero()[0][0]
    maps["loads"].array["max_open"][at] = 7


def _port(maps: FakeMaps) -> None:
    (key,) = (key.tobytes() for key in maps["services"].hash_keys())
    maps["services"].delete(key)


def _port_elsewhere(maps: FakeMaps) -> None:
    (key,) = (key.tobytes() for key in maps["services"].hash_keys())
    maps["services"].set(key, 9)


MORE_DAMAGES = [
    _other_real,
    _stranger,
    _service_of_nobody,
    _no_name,
    _limit,
    _port,
    _port_elsewhere,
]


@pytest.mark.parametrize("damage", MORE_DAMAGES)
def test_what_is_missing_or_too_much_is_found_step_by_step(
    damage: Callable[[FakeMaps], None],
) -> None:
    maps, applier = written(WHOLE)
    damage(maps)
    assert looked(maps, applier)
    assert drift.repair(maps, applier)


@pytest.mark.parametrize("name", ["services", "vips"])
def test_what_is_missing_is_found_while_others_change(name: str) -> None:
    """Though something is written behind every step."""
    maps, applier = written(config_of(service("web", "80", [A1], vip=f"[{TEN}, {ELEVEN}]")))
    maps[name].delete(next(maps[name].hash_keys()).tobytes())
    found = False
    for wrong in inspect(maps, applier):
        found = found or wrong
        applier.writes += 1
    assert found


@pytest.mark.parametrize("name", CHANGES)
def test_changes_between_steps_are_no_damage(name: str) -> None:
    """From either configuration to the other, behind every number of steps."""
    for turn in (1, -1):
        first, second = CHANGES[name][::turn]
        maps, applier = written(first)
        steps = list(inspect(maps, applier))
        assert not any(steps)
        for number in range(0, len(steps), max(1, len(steps) // 20)):
            maps, applier = written(first)
            look = inspect(maps, applier)
            assert not any(islice(look, number))
            applier.apply(desired_of(second))
            assert not any(look), number


class Balanced(NamedTuple):
    """What a look needs of a balancer."""

    dataplane: SimpleNamespace
    applier: Applier
    detached: bool = False


def test_a_look_is_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends when its time is over, the last one when all is seen."""
    maps, applier = written(WHOLE)
    given = Balanced(SimpleNamespace(maps=maps), applier)
    balancer = cast(Balancer, given)
    monkeypatch.setattr(drift, "PART_SECONDS", 0.0)
    look = drift.Look(balancer)
    parts = list(iter(look.part, None))
    assert parts == [False] * len(list(inspect(maps, applier)))
    _mac(maps)
    look = drift.Look(balancer)
    assert True in list(iter(look.part, None))
    monkeypatch.setattr(drift, "PART_SECONDS", 60.0)
    assert drift.Look(balancer).part() is True
    assert drift.Look(cast(Balancer, given._replace(detached=True))).part() is None


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_written_is_no_damage(name: str) -> None:
    maps, applier = written(CHANGES[name][0])
    assert drift.repair(maps, applier) == ()
    applier.apply(desired_of(CHANGES[name][1]))
    assert drift.repair(maps, applier) == ()


def test_a_service_that_somebody_has_made_is_removed() -> None:
    """By another writer, with its name."""
    maps, applier = written(WEB)
    maps["names"].array["name"][7] = b"4:stranger"
    found = drift.repair(maps, applier)
    assert found == ("service stranger",)
    applier.apply(desired_of(WEB))
    assert drift.repair(maps, applier) == ()
    assert bytes(maps["names"].array["name"][7]) == b""
