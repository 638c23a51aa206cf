# SPDX-License-Identifier: Apache-2.0
"""What is said of flows that have moved into other tables."""

from __future__ import annotations

from dsrlb.control.upgrade import tell_moved
from dsrlb.dataplane.copies import Moved
from dsrlb.observe.events import EventLog


def _told(moved: Moved) -> list[tuple[str, str]]:
    events = EventLog()
    tell_moved(moved, 0.0254, 40_000, events)
    return [(event.level, event.message) for event in events.since(0)]


def test_all_flows_have_moved() -> None:
    said = "1,234 flows moved into tables for 40,000 (25 ms between the last look at the former"
    ((level, message),) = _told(Moved(copied=1_234))
    assert (level, message.startswith(said)) == ("info", True)


def test_flows_that_are_lost_are_told() -> None:
    _, unfit, crowded = _told(Moved(copied=40_100, unfit=3, crowded=7_000))
    assert unfit == ("error", "3 flows said more than this version keeps of one, and are lost")
    assert crowded[0] == "error"
    assert crowded[1].startswith("7,000 entries more than tables for 40,000 flows are rated for")
