# SPDX-License-Identifier: Apache-2.0
"""Conditions: what checks and operators say, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.control.health.admin import AdminStates, saved
from dsrlb.control.health.condition import WELL
from dsrlb.control.health.conditions import Conditions
from dsrlb.health.protocol import State
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s

CLOSED = State("t", False, "port-closed", "connection refused")
GOOD = State("t", True, "ok")


@pytest.fixture
def conditions(tmp_path: Path, events: EventLog) -> Conditions:
    """Of an instance that knows nothing yet."""
    return Conditions(AdminStates(tmp_path / "admin.json", events), events)


def told(events: EventLog) -> list[str]:
    """The messages of all events."""
    return [event.message for event in events.since(0)]


def test_up_and_down(conditions: Conditions, events: EventLog) -> None:
    assert conditions.of(s.R11) == WELL
    assert not conditions.note(s.R11, GOOD)
    assert conditions.of(s.R11).state == "up"
    assert conditions.of(s.R11).since == ""
    assert told(events) == []
    assert conditions.note(s.R11, CLOSED)
    got = conditions.of(s.R11)
    assert (got.state, got.reason, got.verdict) == (
        *("down", "port-closed: connection refused"),
        "port-closed",
    )
    assert got.since
    conditions.note(s.R12, GOOD)
    assert conditions.changed, "until it is in the maps"
    assert conditions.note(s.R11, GOOD)
    assert conditions.of(s.R11).state == "up"
    assert told(events) == [
        "web: 10.0.0.11 is down: port-closed: connection refused",
        "web: 10.0.0.11 is up",
    ]
    assert [event.level for event in events.since(0)] == ["warning", "info"]


def test_another_reason_is_told_and_changes_nothing(
    conditions: Conditions, events: EventLog
) -> None:
    conditions.note(s.R11, CLOSED)
    since = conditions.of(s.R11).since
    assert not conditions.note(s.R11, State("t", False, "unreachable"))
    assert conditions.of(s.R11).reason == "unreachable"
    assert conditions.of(s.R11).since == since
    assert told(events)[-1] == "web: 10.0.0.11: unreachable"


def test_another_detail_is_shown_and_not_told(conditions: Conditions, events: EventLog) -> None:
    conditions.note(s.R11, CLOSED)
    conditions.take_moved()
    before = told(events)
    quiet = State("t", False, "port-closed", "reset", quiet=True)
    assert not conditions.note(s.R11, quiet)
    assert conditions.of(s.R11).reason == "port-closed: reset"
    assert told(events) == before
    assert conditions.take_moved() == set()
    assert conditions.note(s.R12, quiet)  # nothing was known of this one: it is news all the same
    assert len(told(events)) == 2


def test_a_warning(conditions: Conditions, events: EventLog) -> None:
    conditions.note(s.R11, State("t", True, "vip-answers-arp", "192.0.2.10 is at 02::1"))
    got = conditions.of(s.R11)
    assert (got.state, got.reason) == ("up", "vip-answers-arp: 192.0.2.10 is at 02::1")
    conditions.note(s.R11, GOOD)
    assert told(events)[-1] == "web: 10.0.0.11: nothing is wrong any more"


def test_held_down(conditions: Conditions) -> None:
    conditions.note(s.R11, State("t", False, "ok", held=True))
    assert conditions.of(s.R11).reason == "it changed too often and is held down"


def test_an_operator_goes_before_checks(conditions: Conditions) -> None:
    conditions.note(s.R11, CLOSED)
    conditions.admin.give("drain", "root", [("web", ["10.0.0.11"])])
    got = conditions.of(s.R11)
    assert got.state == "drain"
    assert got.reason == "by root; its checks say port-closed: connection refused"
    conditions.admin.give(None, "root", [("web", ["10.0.0.11"])])
    assert conditions.of(s.R11).state == "down"


def test_one_check_of_several(conditions: Conditions) -> None:
    conditions.note(s.R11, CLOSED)
    conditions.spread({"t": (s.R11, s.R12), "u": (s.R13,)})
    assert conditions.of(s.R12).state == "down"
    assert conditions.of(s.R13) == WELL
    conditions.forget_others(frozenset({s.R12}))
    assert conditions.known(s.R11) is None
    assert conditions.known(s.R12) is False


def test_a_daemon_begins_with_what_the_last_one_knew(conditions: Conditions) -> None:
    given = s.config()
    conditions.take_over(given, s.installed(s.wanted(given, {s.R12: s.DOWN})))
    assert [conditions.known(one) for one in (s.R11, s.R12)] == [None, False]
    assert conditions.take_moved() == {"web"}
    got = conditions.of(s.R12)
    assert (got.state, got.reason) == ("down", "it was down before the daemon's start")


def test_orders_outlive_the_daemon(tmp_path: Path, events: EventLog) -> None:
    path = tmp_path / "admin.json"
    AdminStates(path, events).give("disabled", "ann", [("web", ["10.0.0.11", "fd00::11"])])
    order = AdminStates(path, events).of(s.R11)
    assert order is not None
    assert (order.state, order.who) == ("disabled", "ann")


def test_the_same_order_keeps_its_time(tmp_path: Path, events: EventLog) -> None:
    admin = AdminStates(tmp_path / "admin.json", events)
    admin.give("drain", "ann", [("web", ["10.0.0.11"])])
    admin.give("drain", "bob", [("web", ["10.0.0.11"])])
    order = admin.of(s.R11)
    assert order is not None
    assert order.who == "ann"


def test_orders_go_with_their_real_servers(tmp_path: Path, events: EventLog) -> None:
    path = tmp_path / "admin.json"
    admin = AdminStates(path, events)
    admin.give("drain", "ann", [("web", ["10.0.0.11"]), ("old", ["10.0.0.11"])])
    admin.follow(s.config(), lambda: None)
    again = AdminStates(path, events)
    assert again.of(s.R11) is not None
    assert path.read_text().count("service") == 1


ROW = '[{"service": "web", "address": "10.0.0.11", "state": "up", "who": "ann", "since": "then"}]'


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '[{"service": "web"}]', '{"a": 1}', b"\xff\xfe".decode("latin-1"), ROW],
)
def test_a_damaged_file_is_put_aside(tmp_path: Path, events: EventLog, text: str) -> None:
    path = tmp_path / "admin.json"
    path.write_text(text)
    admin = AdminStates(path, events)
    assert admin.of(s.R11) is None
    assert (tmp_path / "admin.unreadable").read_text() == text
    assert "nobody is drained or disabled" in told(events)[0]
    admin.give("drain", "ann", [("web", ["10.0.0.11"])])
    assert AdminStates(path, events).of(s.R11) is not None


def test_who_may_be_in_another_condition(conditions: Conditions) -> None:
    """Whoever is said to be otherwise, by whom it may be, once."""
    assert conditions.take_moved() == set()
    conditions.note(s.R11, CLOSED)
    assert conditions.take_moved() == {"web"}
    assert conditions.take_moved() == set()
    conditions.spread({"t": (s.R11, s.R12)})
    assert conditions.take_moved() == {"web"}
    conditions.spread({"t": (s.R11, s.R12)})
    assert conditions.take_moved() == set()
    conditions.forget([s.R11, s.R13])
    assert conditions.take_moved() == {"web"}
    conditions.admin.give("drain", "ann", [("web", ["10.0.0.11"])])
    assert conditions.take_moved() == {"web"}
    conditions.admin.give("drain", "bob", [("web", ["10.0.0.11"])])
    assert conditions.take_moved() == set()
    conditions.admin.follow(s.config(), lambda: None)
    assert conditions.take_moved() == set()


def test_who_is_found_well_is_in_the_condition_of_before(conditions: Conditions) -> None:
    """Of a thousand services nothing is to be written when all their real servers answer."""
    conditions.note(s.R11, GOOD)
    conditions.spread({"t": (s.R11, s.R12)})
    conditions.note(s.R11, State("t", True, "vip-answers-arp", "192.0.2.10 is at 02::1"))
    conditions.forget([s.R12])
    assert conditions.take_moved() == set()
    conditions.note(s.R11, CLOSED)
    conditions.note(s.R11, State("t", False, "unreachable"))
    assert conditions.take_moved() == {"web"}
    conditions.note(s.R11, GOOD)
    assert conditions.take_moved() == {"web"}


def test_who_starts_slowly_is_told_so(conditions: Conditions) -> None:
    """With what its checks say, and since when it is there."""
    given = s.config('slow_start = "10s"')
    before = s.installed(s.wanted(given, {s.R12: s.DOWN}))
    conditions.ramps.follow(given, s.wanted(given), before)
    conditions.note(s.R12, State("t", True, "vip-answers-arp", "192.0.2.10 is at 02::1"))
    got = conditions.of(s.R12)
    assert (got.state, got.share) == ("up", 1) and got.since
    assert got.reason == "slow start, 10 s left; vip-answers-arp: 192.0.2.10 is at 02::1"
    conditions.note(s.R12, CLOSED)
    assert conditions.of(s.R12).reason == "port-closed: connection refused"


def test_who_starts_slowly_is_in_another_condition_all_the_time(conditions: Conditions) -> None:
    """Also once more when it has its whole share."""
    given = s.config('slow_start = "10s"')
    before = s.installed(s.wanted(given, {s.R12: s.DOWN}))
    assert conditions.ramps.follow(given, s.wanted(given), before)
    assert [conditions.take_moved() for _ in range(2)] == [{"web"}, {"web"}]
    after = s.installed(s.wanted(given))
    conditions.ramps.follow(s.config(), s.wanted(s.config()), after)
    assert [conditions.take_moved() for _ in range(2)] == [{"web"}, set()]


def test_how_somebody_is_for_a_plan(conditions: Conditions, tmp_path: Path) -> None:
    """In one family, if not in both; without a daemon only what was said is known."""
    (service,) = s.config().service
    assert conditions.standing(service, s.R11.address) == "up"
    conditions.note(s.R11, CLOSED)
    assert conditions.standing(service, s.R11.address) == "down"
    conditions.admin.give("drain", "ann", [("web", ["10.0.0.12"])])
    assert conditions.standing(service, s.R12.address) == "drain"
    offline = saved(tmp_path / "admin.json")
    found = [offline(service, real.address) for real in (s.R11, s.R12)]
    assert found == [None, "drain"]
    (tmp_path / "admin.json").write_text("{")
    assert saved(tmp_path / "admin.json")(service, s.R12.address) is None
