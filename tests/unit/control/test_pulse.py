# SPDX-License-Identifier: Apache-2.0
"""What keeps the event loop from its work is found; and what is left to the collector of cycles."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from pathlib import Path

import pytest

from dsrlb.control import pulse
from dsrlb.control.collecting import uncollected


def late_ms(file: Path, block: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """What is told when the loop is blocked for so many seconds."""
    monkeypatch.setenv(pulse.VARIABLE, str(file))

    async def go() -> None:
        task = asyncio.create_task(pulse.watch())
        while not file.exists():
            await asyncio.sleep(0.01)
        time.sleep(block)
        while json.loads(file.read_text())["beats"] < 200:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(go())
    return float(json.loads(file.read_text())["late_ms"])


def test_a_loop_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert late_ms(tmp_path / "a", 0.3, monkeypatch) > 150


def test_nobody_wants_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pulse.VARIABLE, raising=False)

    async def go() -> None:
        task = asyncio.create_task(pulse.watch())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())


def test_much_that_is_made_is_not_looked_at() -> None:
    """Nor is anything while it is made, also by two at a time."""
    frozen = gc.get_freeze_count()
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        kept = [[number] for number in range(30_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)
    gc.unfreeze()


def test_little_is_left_to_the_collector() -> None:
    gc.collect()
    frozen = gc.get_freeze_count()
    with uncollected():
        pass
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)
