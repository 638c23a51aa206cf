# SPDX-License-Identifier: Apache-2.0
"""The processors that there are, and may be."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_SYSTEM = Path("/sys/devices/system/cpu")


def _count(what: str) -> int:
    """One more than the highest number in a list of ranges."""
    ranges = (_SYSTEM / what).read_text().strip().split(",")
    return int(ranges[-1].split("-")[-1]) + 1


@cache
def possible_cpus() -> int:
    """How many values a per-CPU element has. The kernel knows at its start, and asked for 64,000
    elements it would be read as often."""
    return _count("possible")


def present_cpus() -> int:
    """How many processors are there: on a virtual machine often far fewer than may be."""
    return _count("present")
