# SPDX-License-Identifier: Apache-2.0
"""Ports as aligned blocks of 2^n: what the fast path looks up, smallest block first."""

from __future__ import annotations

from collections.abc import Iterator

ANY_BLOCK = 16


def blocks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield (first port, n) of the aligned blocks of 2^n ports that make up first..last.

    A single port is one block with n = 0; 0..65535 is one with n = 16.
    """
    port = first
    while port <= last:
        size = 0
        while size < ANY_BLOCK:
            larger = 1 << (size + 1)
            if port % larger or port + larger - 1 > last:
                break
            size += 1
        yield port, size
        port += 1 << size
