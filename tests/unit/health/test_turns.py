# SPDX-License-Identifier: Apache-2.0
"""So many at once, and who waits."""

from __future__ import annotations

from dsrlb.health.loop import Loop
from dsrlb.health.turns import Turns


def test_a_turn_that_is_given_back_twice_over() -> None:
    loop = Loop()
    turns, told = Turns(loop, 1), list[str]()
    turns.take("a", lambda: told.append("a"))
    turns.take("b", lambda: told.append("b"))
    turns.take("c", lambda: told.append("c"))
    assert turns.forget("b") and not turns.forget("b")
    turns.give()
    loop.step(0)
    assert told == ["a", "c"]
    turns.give()
    loop.step(0)
    turns.take("d", lambda: told.append("d"))
    assert told == ["a", "c", "d"]
    loop.close()
