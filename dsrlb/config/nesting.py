# SPDX-License-Identifier: Apache-2.0
"""How deep lists and tables are within each other: Python's own functions give up far down."""

from __future__ import annotations

import re
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


_PIECE = 1 << 16
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(
    rf"(?:^|[{{,])[ \t]*+\[?+\[?+[ \t]*+(?:{_PART}\.[ \t]*+){{{DEEPEST + 1},}}{_PART}[=\]]", re.M
)


def too_long_key(text: str) -> bool:
    """Has a key, or a header, of a TOML text so many parts that it is too deep? tomllib takes the
    square of their number to find out: seconds for 20,000."""
    begin = 0
    while begin < len(text):  # by some lines each: a search keeps all other threads waiting
        end = text.find("\n", begin + _PIECE) + 1 or len(text)
        if _LONG_KEY.search(text, begin, end):
            return True
        begin = end
    return False
