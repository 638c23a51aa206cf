# SPDX-License-Identifier: Apache-2.0
"""Rows of times, and processor time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

Row = dict[str, Any]


def row(what: str, seconds: Sequence[float], bar_ms: float | None = None, **more: Any) -> Row:
    """Of something that was timed several times."""
    return {
        "case": "control",
        "what": what,
        "bar_ms": bar_ms,
        "min_ms": round(1000 * min(seconds), 1),
        "median_ms": round(1000 * median(seconds), 1),
        "rounds": len(seconds),
        **more,
    }


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads that there are, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory(pid: int) -> dict[str, float]:
    """MB of a process that are resident: all, its own, and mapped files (maps are such)."""
    wanted = {"VmRSS": "rss_mb", "RssAnon": "anon_mb", "RssFile": "file_mb"}
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        wanted[name[:-1]]: round(int(value) / 1024, 1)
        for name, value, *_ in (line for line in lines if len(line) > 1)
        if name[:-1] in wanted
    }
