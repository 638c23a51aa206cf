# SPDX-License-Identifier: Apache-2.0
"""Program against model, for every algorithm, over random events: at each new flow the model says
which real server gets it. hypothesis shrinks a disagreement, and keeps it for the next run."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import scale
from tests.packets.algorithms import ALL
from tests.packets.balanced import NUMBERS, Place, Setting
from tests.packets.balanced_clients import ACK, DATA, FIN, RST, SYN, SYN_ACK, Client, ClockWentOn
from tests.packets.balanced_times import TimedClients
from tests.packets.harness import Program

CLIENTS = 80
KINDS = [
    "rest",
    *(["connect"] * 10 + ["new"] * 5 + ["ack", "data", "data", "fin", "fin", "rst", "answer"]),
    *(["time"] * 2 + ["weight", "state", "come", "go", "limit", "algorithm", "told", "told"]),
]
FLAGS = {"new": SYN, "ack": ACK, "data": DATA, "fin": FIN, "rst": RST}
LATE = (0, 100_000, 1_000_000, 1_050_000, 5_000_000, 80_000_000)
"""ns."""
Event = tuple[str, int, int]
"""What, who or which real server, and how."""
EVENTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, CLIENTS - 1), st.integers(0, 7)),
    min_size=40,
    max_size=120,
)


class Run:
    """One list of events."""

    def __init__(self, program: Program, setting: Setting) -> None:
        self.clients = TimedClients(program, setting)

    def step(self, event: Event) -> None:
        """One event; "rest" is none."""
        kind, which, how = event
        who, number = Client(which), NUMBERS[which % len(NUMBERS)]
        if kind == "connect":
            self.clients.connect(who, LATE[how % len(LATE)])
        elif kind == "answer":
            self.clients.answer(who, (SYN_ACK, ACK, FIN, RST)[how % 4])
        elif kind in FLAGS:
            self.clients.send(who, FLAGS[kind])
        elif kind == "time":
            self.clients.pass_time(1 + how % 3)
        elif kind == "told":
            self.clients.tell(number, LATE[how % len(LATE)])
        elif kind != "rest":
            self._change(kind, number, how)

    def _change(self, kind: str, number: int, how: int) -> None:
        setting = self.clients.setting
        place = setting.places.get(number)
        if kind == "come":
            setting.places.setdefault(number, Place(1 + how % 3))
        elif kind == "algorithm":
            setting.name = ALL[how]
        elif place is None or (kind == "go" and len(setting.places) == 1):
            return
        elif kind == "go":
            del setting.places[number]
        elif kind == "weight":
            place.weight = how % 4
        elif kind == "limit":
            place.max_open = how % 4
        elif kind == "state":
            place.state = ("up", "up", "silent", "lost")[how % 4]
        self.clients.apply()


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["l2dsr", "nat"])
@pytest.mark.parametrize("name", ALL)
def test_program_against_model(loaded: Program, name: str, mode: str) -> None:
    """``name``: the algorithm at the beginning."""
    seen: Counter[str] = Counter()
    steps, began = 0, time.monotonic()

    @settings(
        max_examples=scale.count("packets_algorithms"),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, (1 << 64) - 1), EVENTS)
    def agree(seed: int, events: list[Event]) -> None:
        nonlocal steps
        run = Run(loaded, Setting(mode, name, seed=seed))
        try:
            for event in events:
                run.step(event)
                steps += 1
        except ClockWentOn:
            pass
        seen.update(run.clients.reasons)

    try:
        agree()
    finally:
        loaded.reset()
    seconds = time.monotonic() - began
    scale.record(f"packets_algorithms-{name}-{mode}", steps, steps, 0, seconds)
    print(f"{name}, {mode}: {steps} events in {seconds:.1f} s, {dict(seen)}")
    assert seen["forwarded"] > steps // 4
    assert not scale.SOAK or {"reals-full", "no-real", "no-flow"} <= set(seen)
