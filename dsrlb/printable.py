# SPDX-License-Identifier: Apache-2.0
"""Text that others had a say in, for logs and terminals."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text in one line, control characters escaped: it forges no line, and moves no cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """As printable(), in as many lines as it has."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))
