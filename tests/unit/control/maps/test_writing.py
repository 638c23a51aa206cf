# SPDX-License-Identifier: Apache-2.0
"""The order in which what a change touches hears of it."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

from dsrlb.control.maps.writing import Writer
from dsrlb.errors import StateError


def _writer(applied: Any) -> tuple[Writer, MagicMock]:
    """Whose mocks note their calls in one; ``applied``: what apply() returns, or raises."""
    noted = MagicMock()
    noted.applier.apply.side_effect = [applied]
    noted.applier.removes_reals.return_value = True
    noted.conditions.ramps.follow.return_value = False
    made = Writer(noted.applier, noted.macs, noted.conditions, noted.probes, lambda: noted.keeper)
    made._computer = noted.computer
    return made, noted


def _order(noted: MagicMock) -> list[str]:
    wanted = ("applier.apply", "keeper.reals_removed")
    return [call[0] for call in noted.mock_calls if call[0] in wanted]


def test_the_keeper_looks_when_real_servers_are_gone() -> None:
    writer, noted = _writer(True)
    assert writer.write(MagicMock(), {})
    assert _order(noted) == ["applier.apply", "keeper.reals_removed"]


def test_the_keeper_looks_behind_a_change_that_failed_too() -> None:
    """Some may have gone."""
    writer, noted = _writer(StateError("the kernel has no memory"))
    with pytest.raises(StateError):
        writer.write(MagicMock(), {})
    assert _order(noted) == ["applier.apply", "keeper.reals_removed"]
