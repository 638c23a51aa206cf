# SPDX-License-Identifier: Apache-2.0
"""Numbers for people. They are rounded here only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def count(number: int) -> str:
    """99,999 exactly; above with three digits: 123k, 1.23M, 45.6G."""
    if number < 100_000:
        return f"{number:,}"
    return _scaled(number, ("k", "M", "G", "T", "P", "E"))


def octets(number: int) -> str:
    """Bytes with decimal prefixes: 512 B, 1.23 kB, 45.6 GB."""
    if number < 1000:
        return f"{number} B"
    return _scaled(number, (" kB", " MB", " GB", " TB", " PB", " EB"))


def _scaled(number: int, units: Sequence[str]) -> str:
    value, step = number / 1000, 0
    while value >= 999.5 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}{units[step]}"


def age(since: str, now: datetime | None = None) -> str:
    """Time since an ISO time: 42s, 3m 12s, 2h 5m, 4d 3h."""
    if not since:
        return "-"
    passed = (now or datetime.now(UTC)) - datetime.fromisoformat(since)
    seconds = max(0, int(passed.total_seconds()))
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // smaller}{name}"
    return f"{seconds // 60}m {seconds % 60}s" if seconds >= 60 else f"{seconds}s"
