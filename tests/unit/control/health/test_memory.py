# SPDX-License-Identifier: Apache-2.0
"""What a daemon leaves to the next one of who is down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsrlb.control.desired.contents import RealId
from dsrlb.control.health import conditions as module
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.condition import Condition
from dsrlb.control.health.conditions import Checked, Conditions
from dsrlb.control.health.memory import Memory
from dsrlb.control.maps.installed import Installed
from dsrlb.errors import StateError
from dsrlb.health.protocol import State
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s

THEN = "2024-05-01T12:00:00+00:00"
CLOSED = State("t", False, "port-closed", "connection refused")
HELD = State("t", False, "ok", held=True)
GOOD = State("t", True, "ok")
Daemon = Callable[[], Conditions]


@pytest.fixture
def daemon(tmp_path: Path, events: EventLog) -> Daemon:
    """Each is another one, with the same files."""

    def begin() -> Conditions:
        admin = AdminStates(tmp_path / "admin.json", events)
        return Conditions(admin, events, Memory(tmp_path / "down.json", events))

    return begin


def maps(conditions: Conditions) -> Installed:
    """As they were written by then."""
    known = {real: conditions.of(real) for real in (s.R11, s.R12, s.R13)}
    return s.installed(s.wanted(s.config(), known))


def next_of(last: Conditions, daemon: Daemon) -> Conditions:
    """The daemon that takes over from another."""
    new = daemon()
    new.take_over(s.config(), maps(last))
    return new


def test_since_when_and_who_is_held(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    first = daemon()
    monkeypatch.setattr(module, "now_text", lambda: THEN)
    first.note(s.R11, CLOSED)
    first.note(s.R12, HELD)
    first.remember()
    monkeypatch.undo()
    second = next_of(first, daemon)
    assert second.of(s.R11) == Condition("down", "it was down before the daemon's start", THEN)
    assert second.of(s.R12).since == THEN
    assert [second.held(one) for one in (s.R11, s.R12, s.R13)] == [False, True, False]
    second.note(s.R11, CLOSED)
    assert second.of(s.R11).since == THEN
    second.note(s.R12, GOOD)
    assert second.of(s.R12).since > THEN


def test_the_maps_know_better(daemon: Daemon) -> None:
    """A daemon that was killed had not kept the last of it."""
    first = daemon()
    first.note(s.R11, CLOSED)
    first.remember()
    first.note(s.R11, GOOD)
    first.note(s.R12, CLOSED)
    second = next_of(first, daemon)
    assert [second.known(one) for one in (s.R11, s.R12)] == [None, False]
    assert second.of(s.R12).since > THEN


def test_who_is_out_by_an_order_is_still_down(daemon: Daemon) -> None:
    """Which the maps do not tell."""
    first = daemon()
    first.note(s.R11, HELD)
    first.admin.give("drain", "ann", [("web", ["10.0.0.11"])])
    first.remember()
    second = next_of(first, daemon)
    assert second.known(s.R11) is False and second.held(s.R11)


def test_when_there_is_something_to_keep(daemon: Daemon) -> None:
    conditions = daemon()
    assert conditions.unsaved  # another daemon's, perhaps of before the maps
    conditions.remember()
    for state, unsaved in (
        (GOOD, False),
        (State("t", True, "slow"), False),
        (CLOSED, True),
        (HELD, True),
        (HELD, False),
        (GOOD, True),
    ):
        conditions.note(s.R11, state)
        assert conditions.unsaved == unsaved, state
        conditions.remember()
    conditions.note(s.R11, CLOSED)
    conditions.remember()
    conditions.forget([s.R11])
    assert conditions.unsaved


def test_only_who_is_down_is_kept(daemon: Daemon, tmp_path: Path) -> None:
    conditions = daemon()
    conditions.note(s.R11, CLOSED)
    conditions.note(s.R12, GOOD)
    conditions.remember()
    assert list(Memory(tmp_path / "down.json", EventLog()).read()) == [("web", "10.0.0.11")]


def test_what_changes_while_it_is_kept_is_kept_the_next_time(daemon: Daemon) -> None:
    """Checks speak in the event loop, and a thread writes."""
    conditions = daemon()

    class Known(dict[RealId, Checked]):
        def items(self) -> Any:
            found = tuple(super().items())
            conditions.note(s.R12, CLOSED)
            return found

    conditions._checked = Known()
    conditions.remember()
    assert conditions.unsaved


def test_what_cannot_be_kept_is_tried_again(daemon: Daemon, tmp_path: Path) -> None:
    conditions = daemon()
    (tmp_path / "down.json").mkdir()
    with pytest.raises(StateError):
        conditions.remember()
    assert conditions.unsaved


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '[{"service": "web", "address": "10.0.0.11"}]',
        '[{"service": "web", "address": "10.0.0.11", "since": "today", "held": true}]',
        '[{"service": "web", "address": "10.0.0.11", "since": "2024-05-01", "held": true}]',
        f'[{{"service": "web", "address": "10.0.0.11", "since": "{THEN}", "held": 1}}]',
        '[{"service": "web", "address": [], "since": "' + THEN + '", "held": true}]',
    ],
)
def test_a_damaged_file_is_put_aside(
    daemon: Daemon, tmp_path: Path, events: EventLog, text: str
) -> None:
    first = daemon()
    first.note(s.R11, CLOSED)
    (tmp_path / "down.json").write_text(text)
    second = next_of(first, daemon)
    assert second.known(s.R11) is False and not second.held(s.R11)
    assert (tmp_path / "down.unreadable").read_text() == text
    assert "nobody is held" in events.since(0)[-1].message
