# SPDX-License-Identifier: Apache-2.0
"""The real servers of the comparison: how fast each is."""

from __future__ import annotations

WORKERS = 4
_LINK_OF_WEIGHT = 1_500_000  # bit/s
_BURST = 3_200  # bytes: two frames


def link(weight: int) -> int:
    """What a real server of that weight can send, in bit/s."""
    return weight * _LINK_OF_WEIGHT


def shaper(rate: int) -> list[str]:
    """The command that makes what eth0 sends wait its turn on a link of that many bit/s; a queue of
    a second, then frames are lost."""
    argv = ["tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{rate}bit"]
    return [*argv, "burst", str(_BURST), "limit", str(rate // 8)]
