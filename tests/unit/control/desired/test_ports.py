# SPDX-License-Identifier: Apache-2.0
"""Port ranges are covered by aligned blocks, exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dsrlb.control.desired.ports import blocks


def test_known_ranges() -> None:
    assert list(blocks(80, 80)) == [(80, 0)]
    assert list(blocks(0, 65535)) == [(0, 16)]
    assert list(blocks(8000, 8099)) == [(8000, 6), (8064, 5), (8096, 2)]


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_cover_is_exact_aligned_and_small(one: int, other: int) -> None:
    first, last = sorted((one, other))
    found = list(blocks(first, last))
    assert len(found) <= 30
    port = first
    for start, size in found:
        assert start == port
        assert start % (1 << size) == 0
        port += 1 << size
    assert port == last + 1
