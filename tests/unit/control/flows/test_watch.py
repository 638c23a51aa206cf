# SPDX-License-Identifier: Apache-2.0
"""What is told of the flow tables, and how often."""

from __future__ import annotations

import pytest

from dsrlb.control.flows.watch import GrowthWatch, PressureWatch, UseWatch, most_pending
from dsrlb.observe.events import EventLog


@pytest.fixture
def events() -> EventLog:
    return EventLog()


def told(events: EventLog) -> list[tuple[str, str]]:
    return [(event.level, event.message) for event in events.since(0)]


def test_use_is_told_once_per_crossing(events: EventLog) -> None:
    watch = UseWatch(events, "IPv4 flow table", 1000)
    for used in (499, 500, 510, 499, 460, 530, 820, 799, 956, 1900):
        watch.note(used)
    assert told(events) == [
        ("info", "IPv4 flow table: 500 of 1,000 (50 %), over 50 %"),
        ("warning", "IPv4 flow table: 820 of 1,000 (82 %), over 80 %"),
        ("error", "IPv4 flow table: 956 of 1,000 (96 %), over 95 %"),
    ]


def test_use_goes_down_with_hysteresis(events: EventLog) -> None:
    watch = UseWatch(events, "IPv6 flow table", 1000)
    for used in (960, 920, 901, 900, 760, 750, 749, 451, 450, 500):
        watch.note(used)
    assert told(events) == [
        ("error", "IPv6 flow table: 960 of 1,000 (96 %), over 95 %"),
        ("info", "IPv6 flow table: 900 of 1,000 (90 %), under 95 % again"),
        ("info", "IPv6 flow table: 750 of 1,000 (75 %), under 80 % again"),
        ("info", "IPv6 flow table: 450 of 1,000 (45 %), under 50 % again"),
        ("info", "IPv6 flow table: 500 of 1,000 (50 %), over 50 %"),
    ]


def test_all_the_way_down_is_one_event(events: EventLog) -> None:
    watch = UseWatch(events, "t", 100)
    for used in (99, 3):
        watch.note(used)
    assert told(events)[1:] == [("info", "t: 3 of 100 (3 %), under 95 % again")]


def test_pressure_begins_and_ends(events: EventLog) -> None:
    watch = PressureWatch(events, "IPv4 pending table", 74)
    for age, unrecorded in ((None, 5), (0, 12), (30, 900), (73, 1000), (74, 1000), (400, 1000)):
        watch.note(age, unrecorded, lambda: "; most pending: web (IPv4) 7")
    assert told(events) == [
        (
            "warning",
            "IPv4 pending table is under pressure: SYNs are scheduled by hash and not recorded "
            "(12 so far); most pending: web (IPv4) 7",
        ),
        ("info", "IPv4 pending table: the pressure is over; 988 SYNs were not recorded"),
    ]


def test_losses_are_told_at_most_once_a_minute(events: EventLog) -> None:
    now = 100.0
    watch = GrowthWatch(events, "pool-exhausted", 5, lambda: now)
    for count in (5, 7, 9):
        watch.note(count, lambda more: f"{more} more")
    now += 59
    watch.note(30, lambda more: f"{more} more")
    now += 2
    watch.note(30, lambda more: f"{more} more")
    now += 61
    watch.note(2, lambda more: f"{more} more")  # the counters of another service
    watch.note(3, lambda more: f"{more} more")
    assert told(events) == [("error", "2 more"), ("error", "23 more"), ("error", "1 more")]
    assert {event.kind for event in events.since(0)} == {"pool-exhausted"}


def test_most_pending() -> None:
    services = [("a", 0), ("b", 5), ("c", 12_000), ("d", 7), ("e", 6)]
    assert most_pending(services) == "; most pending: c 12,000, d 7, e 6"
    assert most_pending([("a", 0)]) == ""
