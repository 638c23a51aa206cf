# SPDX-License-Identifier: Apache-2.0
"""When the daemon says that it is there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dsrlb.control.maps import silence

NOW = 1000 << 27


@pytest.mark.parametrize(
    ("seconds", "drop", "expected"),
    [
        (0, True, 0),
        (30, False, 224 << 32 | 1000),
        (30, True, 1 << 63 | 224 << 32 | 1000),
    ],
)
def test_word(seconds: int, drop: bool, expected: int) -> None:
    assert silence.word(seconds, drop, NOW) == expected


def shown(busy: list[float]) -> list[bool]:
    """Whether it said so, each time that it might have."""
    array, told = np.zeros(1, np.uint64), []
    maps: Any = {"heard": SimpleNamespace(array=array)}

    async def main() -> None:
        changed = asyncio.Event()
        task = asyncio.create_task(
            silence.show(maps, lambda: (30, False), lambda: busy[0], changed)
        )
        while busy:
            array[0] = 0
            changed.set()
            while changed.is_set():
                await asyncio.sleep(0)
            told.append(bool(array[0]))
            busy.pop(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    return told


def test_not_while_a_piece_of_work_hangs() -> None:
    assert shown([0.0, 1000.0, 1000.0, 10.0]) == [True, False, False, True]
