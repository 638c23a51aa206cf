# SPDX-License-Identifier: Apache-2.0
"""What the process that checks is told: all that is another than before, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsrlb.control.health.checks import NOTHING, Checks
from dsrlb.health.protocol import Orders, State, to_worker
from tests.unit.control.health import services as s
from tests.unit.control.health.world import World, checks

ONE = checks(80)
TARGET = ONE.targets[0]
DOWN = State("t", up=False, verdict="port-closed")
UP = State("t", up=True, verdict="ok")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, NOTHING)


def orders(world: World, wanted: Checks) -> list[Orders]:
    """The messages by which a process comes to check these."""
    found = [to_worker(line) for line in world.checker._messages(wanted)]
    return [one for one in found if isinstance(one, Orders)]


def test_each_is_told_once(world: World) -> None:
    assert orders(world, ONE) == [Orders(set=(TARGET,))]
    assert orders(world, ONE) == []
    equal = replace(TARGET)
    assert orders(world, Checks((equal,), ONE.reals)) == []


def test_another_way_to_ask_is_told(world: World) -> None:
    orders(world, ONE)
    changed = replace(TARGET, port=81)
    assert orders(world, Checks((changed,), ONE.reals)) == [Orders(set=(changed,))]


def test_who_is_to_be_asked_no_more_is_told(world: World) -> None:
    other = replace(TARGET, id="u")
    orders(world, Checks((TARGET, other), {**ONE.reals, "u": (s.R12,)}))
    assert orders(world, ONE) == [Orders(drop=("u",))]
    assert orders(world, ONE) == []


def test_it_is_told_what_is_known(world: World) -> None:
    """Of those who share a check each is down where one is."""
    together = Checks((TARGET,), {"t": (s.R11, s.R12)})
    world.conditions.note(s.R11, UP)
    world.conditions.note(s.R12, DOWN)
    ((told,),) = (one.set for one in orders(world, together))
    assert told.up is False


def test_who_comes_to_a_check_is_as_those_who_have_it(world: World) -> None:
    world.conditions.note(s.R11, DOWN)
    orders(world, Checks((TARGET,), {"t": (s.R11, s.R12)}))
    assert world.conditions.known(s.R12) is False


def test_what_changes_while_it_is_told_is_told_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Checks] = []
    other = checks(81)

    async def send(_: Any, wanted: Checks) -> None:
        sent.append(wanted)
        if wanted is ONE:
            world.want(other)

    monkeypatch.setattr(world.checker, "_send", send)

    async def work() -> None:
        world.want(ONE)
        writer: Any = None
        task = asyncio.create_task(world.checker._tell(writer))
        try:
            await world.until("both are told", lambda: sent == [ONE, other])
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(work())
