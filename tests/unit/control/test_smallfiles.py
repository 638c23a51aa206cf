# SPDX-License-Identifier: Apache-2.0
"""Every small file of an instance, damaged in every way: nothing ends by it, and it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsrlb.control import detach
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.state import State
from dsrlb.dataplane import kept
from dsrlb.net import veth
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths, for_instance

GARBAGE = {
    "empty": b"",
    "blank": b"\n",
    "binary": bytes(range(256)),
    "zeros": bytes(4096),
    "cut short": b'[{"a": "b',
    "nested deeply": b"[" * 100_000,
    "a lone surrogate": b'"\\ud800"',
}
WRONG = {
    "null": None,
    "a number": 7,
    "a text": "text",
    "no text": "",
    "true": True,
    "a list of numbers": [1, 2],
    "a list of lists": [[1, 2], [["a"], {}]],
    "a list of a text": ["ab"],
    "an object of a number": {"eth0": 1},
    "an object of objects": {"eth0": {"gro": "yes"}},
    "rows of other things": [{"service": ["web"], "address": {}, "state": "drain"}],
    "rows of wrong types": [
        {"service": 1, "address": "10.0.0.1", "state": "drain", "who": "a", "since": "b"}
    ],
    "rows of nobody": [
        {"service": "web", "address": "10.0.0.1", "state": "drain", "who": 5, "since": None}
    ],
    "rows of no state": [
        {"service": "web", "address": "10.0.0.1", "state": [], "who": "", "since": ""}
    ],
}
DAMAGES = GARBAGE | {name: json.dumps(value).encode() for name, value in WRONG.items()}
FINE = {
    "features.json": b'{"eth0": {"gro": true}, "eth1": {}}',
    "groups.json": b'[["eth0", "33:33:ff:00:00:01"]]',
    "source": b"/etc/dsrlb/dsrlb.toml\n",
    "admin.json": b'[{"service": "web", "address": "10.0.0.1", "state": "drain", "who": "a",'
    b' "since": "2026-01-01T00:00:00+00:00"}]',
}


def _orders(paths: Paths, events: EventLog) -> object:
    return AdminStates(paths.state / "admin.json", events)._orders


READ: dict[str, Callable[[Paths, EventLog], object]] = {
    "features.json": lambda paths, events: State(paths, events).features(),
    "groups.json": lambda paths, events: State(paths, events).groups(),
    "source": lambda paths, events: State(paths, events).source(),
    "admin.json": _orders,
}


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = for_instance("main")
    found.state.mkdir(parents=True)
    return found


def told(events: EventLog) -> list[str]:
    return [event.message for event in events.since(0)]


@pytest.mark.parametrize("name", READ)
def test_what_is_fine_is_not_told_of(paths: Paths, name: str) -> None:
    events = EventLog()
    (paths.state / name).write_bytes(FINE[name])
    assert READ[name](paths, events)
    assert told(events) == []


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", READ)
def test_what_is_damaged_is_put_aside(paths: Paths, name: str, damage: str) -> None:
    path, aside = paths.state / name, (paths.state / name).with_suffix(".unreadable")
    path.write_bytes(DAMAGES[damage])
    events = EventLog()
    assert not READ[name](paths, events)
    (message,) = told(events)
    assert message.startswith(f"{path} is damaged (")
    assert f"; it is {aside} now, and " in message
    assert (path.exists(), aside.read_bytes()) == (False, DAMAGES[damage])
    assert not READ[name](paths, events)
    assert len(told(events)) == 1
    path.write_bytes(b"\xff")  # and again
    READ[name](paths, events)
    assert (aside.with_name(f"{aside.name}-2")).read_bytes() == b"\xff"


@pytest.mark.parametrize("number", ["1e999", "NaN", "1.5", "true", '"1"', "null"])
def test_numbers_that_are_none(paths: Paths, number: str) -> None:
    (order,) = json.loads(FINE["admin.json"])
    raw = json.dumps([{**order, "removed": "?"}]).replace('"?"', number)
    (paths.state / "admin.json").write_text(raw)
    events = EventLog()
    assert not READ["admin.json"](paths, events)
    assert "admin.json is damaged (" in told(events)[0]


@pytest.mark.parametrize("name", READ)
def test_a_folder_in_its_place(paths: Paths, name: str) -> None:
    (paths.state / name / "below").mkdir(parents=True)
    events = EventLog()
    assert not READ[name](paths, events)
    assert told(events)[0].startswith(f"cannot read {paths.state / name}: Is a directory; it is ")


@pytest.mark.parametrize("path", ["dsrlb.toml", "/a\n/b", "/a\0b", "/a\x1b[2J"])
def test_what_is_no_file_s_name(paths: Paths, path: str) -> None:
    (paths.state / "source").write_text(path)
    assert State(paths).source() is None


def _of_this_boot(programs: object) -> bytes:
    return json.dumps({"boot": kept._boot(), "programs": programs}).encode()


PROGRAMS: list[object] = [None, 7, ["x"], {"dsrlb": {"a": [1]}}, {"dsrlb": [[]]}]


@pytest.mark.parametrize("raw", [*DAMAGES.values(), *map(_of_this_boot, PROGRAMS)])
def test_programs_are_loaded_anew(paths: Paths, raw: bytes) -> None:
    """They cost a moment, and nothing is lost."""
    paths.programs.write_bytes(raw)
    maps: Any = SimpleNamespace(fd=lambda name: -1, is_single=lambda name: False)
    found = kept.Kept(maps, paths.programs)
    assert set(found._before) <= {"dsrlb"}


def test_a_lock_that_says_nothing(paths: Paths) -> None:
    (paths.state / "lock").write_bytes(b"\xff\xfe")
    State(paths).lock()


def test_a_detach_says_what_it_could_not_give_back(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detach, "attached", lambda maps, others: iter(()))
    monkeypatch.setattr(veth, "remove", lambda instance: [])
    for name in ("features.json", "groups.json"):
        (paths.state / name).write_bytes(b"x")
    features, groups = detach.everywhere(paths, State(paths), set())
    assert "`detach` leaves offloads" in features
    assert "groups that were joined" in groups
