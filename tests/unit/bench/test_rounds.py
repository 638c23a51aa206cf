# SPDX-License-Identifier: Apache-2.0
"""Which rounds count."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.rounds import Rounds

_TIMES = {1: {"floor": np.arange(40.0)}}


@pytest.mark.parametrize(
    ("quiet", "used"),
    [
        (40, 40),
        (15, 15),
        (14, 40),  # too few: all of them
        (0, 40),
    ],
)
def test_quiet_rounds_are_used_if_there_are_enough(quiet: int, used: int) -> None:
    rounds = Rounds(_TIMES, np.arange(40) < quiet)
    assert rounds.share == quiet / 40
    assert rounds.of(1)["floor"].tolist() == list(range(used))
