# SPDX-License-Identifier: Apache-2.0
"""What comes first when a balancer is brought in line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dsrlb.config import parse
from dsrlb.control.balancer import Balancer
from tests.unit.api.fakerows import TOML


class Steps:
    """In the place of everything that a balancer has: notes what is called."""

    def __init__(self, taken: list[str], name: str = "", **facts: Any) -> None:
        self._taken = taken
        self._name = name
        self.__dict__.update(facts)

    def __getattr__(self, name: str) -> Any:
        def step(*_: object, **__: object) -> None:
            self._taken.append(f"{self._name}.{name}")

        return step


@pytest.mark.parametrize(
    ("present", "order"),
    [
        ({}, ["write", "macs.probe", "write"]),  # a start: nothing is lost by serving early
        ({"web": 1}, ["macs.probe", "write"]),  # who is at work stays until others are known
    ],
)
def test_new_real_servers_are_asked_for_first(
    monkeypatch: pytest.MonkeyPatch, present: dict[str, int], order: list[str]
) -> None:
    taken: list[str] = []
    answers = iter([False, False, True])
    balancer: Any = object.__new__(Balancer)
    maps = SimpleNamespace(renewed=False)
    balancer.dataplane = Steps(taken, "dataplane", maps=maps, moving=None)
    balancer.attachments = Steps(taken, "attachments", links={}, serving=list)
    balancer.probes = Steps(taken, "probes", ifindex=0)
    balancer.announcer = Steps(taken, "announcer")
    balancer.macs = Steps(taken, "macs", settled=lambda: next(answers))
    balancer.applier = SimpleNamespace(installed=SimpleNamespace(services=present, vips={}))
    monkeypatch.setattr(Balancer, "write", lambda self, config: taken.append("write"))
    balancer._bring_in_line(parse(TOML, "f"))
    assert [step for step in taken if step in ("write", "macs.probe")] == order
