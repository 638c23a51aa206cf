# SPDX-License-Identifier: Apache-2.0
"""Response times as they are shown."""

from __future__ import annotations

import pytest

from dsrlb.control.flows.counters import UNIT_NS, Response, response
from dsrlb.dataplane.artifact import parse_constants
from dsrlb.paths import ebpf_sources
from tests.unit.control.fakemaps import FakeMaps

TICK = 1 << 27  # ns


@pytest.mark.parametrize(
    ("measured", "now", "shown"),
    [
        (0, 5000, None),
        (5000, 5000, None),  # a tick alone is no measurement
        (62_500 << 32 | 5000, 5000, Response(1.0, 0.0)),
        (3 << 32 | 5000, 5010, Response(0.0, 1.3)),
        (0xFFFFFFFF << 32 | 5000, 5075, Response(68719.477, 10.1)),
        (62_500 << 32 | 5001, 5000, Response(1.0, 0.0)),  # between two looks at the clock
        (62_500 << 32 | 0xFFFFFFFE, (1 << 32) + 6, Response(1.0, 1.1)),  # 32 bits of it
    ],
)
def test_response(measured: int, now: int, shown: Response | None) -> None:
    maps = FakeMaps()
    maps["responses"].array["measured"][7] = measured
    maps["responses"].__dict__["readonly"] = maps["responses"].array
    assert response(maps, 7, now * TICK + 5) == shown
    assert response(maps, 8, now * TICK) is None


def test_the_unit_is_the_programs() -> None:
    constants = parse_constants((ebpf_sources() / "abi_choice.h").read_text())
    assert 1 << constants["RESPONSE_SHIFT"] == UNIT_NS
