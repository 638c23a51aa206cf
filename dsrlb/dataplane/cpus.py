# SPDX-License-Identifier: Apache-2.0
"""The processors that there may be."""

from __future__ import annotations

from pathlib import Path


def possible_cpus() -> int:
    """How many values a per-CPU element has (/sys/devices/system/cpu/possible)."""
    ranges = Path("/sys/devices/system/cpu/possible").read_text().strip().split(",")
    return int(ranges[-1].split("-")[-1]) + 1
