# SPDX-License-Identifier: Apache-2.0
"""The hash that algorithms choose by: numbers that a C program computed, and how it spreads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.dataplane.choicehash import Flow, choice_hash, table_place

CLIENT, VIP = ip_address("198.51.100.7"), ip_address("192.0.2.10")
FLOW = Flow(CLIENT, VIP, 40000, 80, 6)
SIX = Flow(ip_address("2001:db8:7::1"), ip_address("2001:db8::10"), 1024, 443, 6)
MOST = (1 << 64) - 1


@pytest.mark.parametrize(
    ("flow", "seed", "by_source", "by_all"),
    [
        (FLOW, 0, 0x2C196067, 0xC2D5AB20),
        (FLOW, 1, 0x9F67E62F, 0x4CF40077),
        (FLOW, MOST, 0x37B94A88, 0x0CE2FCDF),
        (replace(FLOW, source=CLIENT + 1), 0, 0xF9F7BEE9, 0x2CA69CCA),
        (replace(FLOW, source_port=40001), 0, 0x2C196067, 0x03DD040E),
        (replace(FLOW, source_port=40001), MOST, 0x37B94A88, 0xE0151C0A),
        (replace(FLOW, protocol=17), 0, 0x2C196067, 0x4DEA5660),
        (SIX, 0, 0x4EC702D4, 0x424E4770),
        (SIX, 1, 0x11BF9D1A, 0xDF0BDAE3),
        (SIX, MOST, 0xA2647107, 0xEA24E22E),
    ],
)
def test_numbers(flow: Flow, seed: int, by_source: int, by_all: int) -> None:
    assert choice_hash(flow, seed, by_source=True) == by_source
    assert choice_hash(flow, seed, by_source=False) == by_all


def test_without_a_seed_it_is_0() -> None:
    assert choice_hash(FLOW, by_source=True) == choice_hash(FLOW, 0, by_source=True)


def test_places() -> None:
    assert table_place(0, 4093) == 0
    assert table_place(0xFFFFFFFF, 4093) == 4092
    assert table_place(0x80000000, 4093) == 2046


@pytest.mark.parametrize("step", [1, 7, 256, 65536])
def test_neighbours_are_spread(step: int) -> None:
    """4,096 clients over 16 places, 256 each: none is further off than chance takes it."""
    first = int(ip_address("10.0.0.0"))
    found = Counter(
        table_place(
            choice_hash(
                replace(FLOW, source=ip_address((first + n * step) & 0xFFFFFFFF)), by_source=True
            ),
            16,
        )
        for n in range(4096)
    )
    assert set(found) == set(range(16))
    assert max(abs(count - 256) for count in found.values()) < 80
