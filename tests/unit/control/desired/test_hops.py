# SPDX-License-Identifier: Apache-2.0
"""Next hops over slots: all used, by weight, and few flows move when one goes."""

from __future__ import annotations

from collections import Counter

from dsrlb.control.desired.contents import LinkState, NextHop
from dsrlb.control.desired.hops import SLOTS, spread

LINK = LinkState(1, 7, "eth0", "02:00:00:00:00:aa", 1500)


def hop(number: int) -> NextHop:
    return NextHop(f"02:00:00:00:01:{number:02x}", LINK, LINK.mac, 1500)


def test_a_single_way_needs_no_slots() -> None:
    assert spread([], []) == ()
    assert spread([hop(1)], [1]) == ()


def test_every_slot_has_one_of_the_next_hops() -> None:
    slots = spread([hop(1), hop(2)], [1, 1])
    assert len(slots) == SLOTS
    assert set(slots) == {hop(1), hop(2)}


def test_order_does_not_matter() -> None:
    hops = [hop(1), hop(2), hop(3)]
    assert spread(hops, [1, 2, 1]) == spread(hops[::-1], [1, 2, 1])


def test_who_goes_takes_only_its_own_slots_along() -> None:
    for gone in range(1, 5):
        left = [hop(number) for number in range(1, 5) if number != gone]
        before = spread([hop(number) for number in range(1, 5)], [])
        after = spread(left, [])
        moved = [slot for slot in range(SLOTS) if before[slot] != after[slot]]
        assert moved == [slot for slot in range(SLOTS) if before[slot] == hop(gone)]


def test_weights_count() -> None:
    """Over many pairs of routers: the one with weight 3 has about three quarters."""
    total: Counter[bool] = Counter()
    for number in range(100):
        heavy, light = hop(number), hop(number + 100)
        total.update(found == heavy for found in spread([heavy, light], [3, 1]))
    assert 0.65 < total[True] / total.total() < 0.85
