# SPDX-License-Identifier: Apache-2.0
"""Sizes of the flow tables, and how they are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dsrlb.dataplane.flowsettings import FlowSizes, decode, encode, resized
from tests.unit.control.flowmaps import SETTINGS, SETTINGS_LAYOUT

CLOCK = {"jiffy_ns": 4_000_000, "jiffies_behind": (1 << 64) - 7}


@pytest.mark.parametrize(
    ("capacity", "main", "pending", "pending_capacity"),
    [
        (1_000_000, 500_000, 125_000, 250_000),
        (1000, 500, 256, 512),
        (1001, 501, 256, 512),
        (4097, 2049, 513, 1026),
        (16_000_000, 8_000_000, 2_000_000, 4_000_000),
    ],
)
def test_sizes(capacity: int, main: int, pending: int, pending_capacity: int) -> None:
    sizes = FlowSizes.of(capacity, 4)
    assert (sizes.main_sets, sizes.pending_sets) == (main, pending)
    assert (sizes.sets, sizes.pending_capacity) == (main + pending, pending_capacity)


def test_the_capacity_comes_back_exactly() -> None:
    for capacity in (1000, 1001, 1002, 1003, 16_000_000):
        sizes = FlowSizes.of(capacity, 4)
        assert decode(SETTINGS_LAYOUT, encode(SETTINGS_LAYOUT, sizes, CLOCK), 4) == sizes


def test_every_start_has_a_secret_of_its_own() -> None:
    sizes = FlowSizes.of(1000, 4)
    first, second = (
        np.frombuffer(encode(SETTINGS_LAYOUT, sizes, CLOCK), SETTINGS)[0] for _ in range(2)
    )
    assert (first["flow_sets"], first["pending_sets"], first["spill_active"]) == (500, 256, 0)
    assert first["capacity"] == 1000
    assert {name: int(first[name]) for name in CLOCK} == CLOCK
    assert len({*first["secret"].tolist(), *second["secret"].tolist()}) == 22


def test_tables_of_another_size_have_the_same_secret_and_clock() -> None:
    former = encode(SETTINGS_LAYOUT, FlowSizes.of(1000, 4), CLOCK)
    new = encode(SETTINGS_LAYOUT, FlowSizes.of(3000, 4), {"jiffy_ns": 1, "jiffies_behind": 2})
    made = np.frombuffer(resized(SETTINGS_LAYOUT, new, SETTINGS_LAYOUT, former), SETTINGS)[0]
    before = np.frombuffer(former, SETTINGS)[0]
    assert made["secret"].tolist() == before["secret"].tolist()
    assert {name: int(made[name]) for name in CLOCK} == CLOCK
    assert (made["capacity"], made["flow_sets"], made["spill_active"]) == (3000, 1500, 0)


def test_a_secret_of_another_length_is_drawn_anew() -> None:
    fields = [[*one[:2], [13]] if one[0] == "secret" else one for one in SETTINGS_LAYOUT.value[1]]
    longer = replace(SETTINGS_LAYOUT, value=["flow_settings", fields, "struct"])
    former = encode(longer, FlowSizes.of(1000, 4), CLOCK)
    new = encode(SETTINGS_LAYOUT, FlowSizes.of(1000, 4), CLOCK)
    assert resized(SETTINGS_LAYOUT, new, longer, former) == new
