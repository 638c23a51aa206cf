# SPDX-License-Identifier: Apache-2.0
"""Who takes the last real server out is told what becomes of new flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import Config
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.alldown import AllDown
from dsrlb.control.health.condition import Condition
from dsrlb.control.health.conditions import Conditions
from dsrlb.control.health.orders import give_order
from dsrlb.health import protocol
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s
from tests.unit.control.health.test_alldown import parts

CLOSED = protocol.State("t", False, "port-closed")
SORRY = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'


class Balancer:
    """Its maps hold what they should."""

    def __init__(self, path: Path, events: EventLog, config: Config) -> None:
        self.config, self.events = config, events
        self.conditions = Conditions(AdminStates(path, events), events)
        self.all_down = AllDown(events)
        self.write(config)

    def write(self, config: Config) -> None:
        conditions: dict[Any, Condition] = {
            one: self.conditions.of(one) for one in (s.R11, s.R12, s.R13)
        }
        self.all_down.follow(parts(config, conditions))

    def order(self, real: Any, state: str) -> str:
        balancer: Any = self
        (row,) = give_order(balancer, "web", str(real.address), state, "ann")
        return row["warning"]


@pytest.mark.parametrize(
    ("lines", "down", "says"),
    [
        ("", False, 'new flows are dropped (all_down = "drop")'),
        ('all_down = "pass"', False, 'new flows pass to this host\'s kernel (all_down = "pass")'),
        (SORRY, False, 'new flows go to the sorry server (all_down = "sorry")'),
        ('all_down = "all-up"', False, 'new flows are dropped (all_down = "all-up")'),
        (
            'all_down = "all-up"',
            True,
            "all-up: those that are down get new flows, as if they were up",
        ),
    ],
)
@pytest.mark.parametrize("state", ["drain", "disabled"])
def test_the_last_one(
    tmp_path: Path, events: EventLog, lines: str, down: bool, says: str, state: str
) -> None:
    balancer = Balancer(tmp_path / "admin.json", events, s.config(lines))
    assert balancer.order(s.R11, state) == ""
    if down:
        balancer.conditions.note(s.R13, CLOSED)
    else:
        assert balancer.order(s.R13, state) == ""
    warning = balancer.order(s.R12, state)
    assert warning.startswith(f"web: no real server is up: {says}")
    told = [one.message for one in events.since(0) if "no real server is up" in one.message]
    assert told == [warning.rpartition(" (")[0]]  # once, not by the order and by what comes of it
    assert balancer.order(s.R12, "enabled") == ""


def test_one_of_no_weight_is_nobody(tmp_path: Path, events: EventLog) -> None:
    balancer = Balancer(tmp_path / "admin.json", events, s.config(weights=(1, 0, 0)))
    assert "new flows are dropped" in balancer.order(s.R11, "drain")
