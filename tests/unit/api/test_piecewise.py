# SPDX-License-Identifier: Apache-2.0
"""Long answers in pieces are the JSON of the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsrlb.api.piecewise import pieces

ROW = {"name": "wéb", "open": 1, "mac": None, "pool": {"addresses": ["192.0.2.1"]}, "up": True}
MIXED = {"hash": "x", "changes": [ROW] * 700, "revision": None, "more": [[], [1]]}


@pytest.mark.parametrize(
    "content",
    [
        [],
        [ROW],
        [ROW] * 255,
        [ROW] * 256,
        [ROW] * 1000,
        {},
        {"changes": []},
        {"a": 1, "b": "x"},
        MIXED,
    ],
)
def test_the_whole(content: Any) -> None:
    assert json.loads(b"".join(pieces(content))) == content


def test_no_piece_is_long() -> None:
    assert max(map(len, pieces([ROW] * 10_000))) < 1 << 17


def test_short_ones_go_together() -> None:
    """Each is made in a thread, and waited for."""
    assert len(list(pieces({str(number): number for number in range(20)}))) == 1
    assert len(list(pieces(MIXED))) < 5
    assert len(list(pieces([]))) == 1


def test_what_json_has_no_word_for_is_no_answer() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(pieces({"share": float("nan")}))
