# SPDX-License-Identifier: Apache-2.0
"""How deep lists and tables are within each other: Python's own functions give up far down."""

from __future__ import annotations

from typing import Any

DEEPEST = 32
"""Levels of lists and tables; a configuration has five."""

TOO_DEEP = f"lists or tables within each other, more than {DEEPEST} deep"


def too_deep(value: Any) -> bool:
    """Are there more levels than DEEPEST?"""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
