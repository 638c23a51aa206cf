# SPDX-License-Identifier: Apache-2.0
"""The rows as tables, in text and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Columns = Mapping[str, str]
"""Headings, and the fields that stand below them."""

_WORDS = (
    *("case", "program", "build", "method", "algorithm", "direction", "family", "protocol"),
    *("quartiles", "met"),
)
_NAMES = {True: "yes", False: "no", None: ""}


def columns(*fields: str) -> dict[str, str]:
    """Those that are headed by their field's name."""
    return {field: field for field in fields}


RATIOS: Columns = columns(
    "case", "method", "algorithm", "reals", "direction", "family", "protocol", "flows"
) | {
    "floor min": "floor_min_ns",
    "floor median": "floor_median_ns",
    "min": "min_ns",
    "median": "median_ns",
    "min ratio": "min_ratio",
    "ratio": "ratio",
    "quartiles": "quartiles",
    "quiet": "quiet",
    "bar": "bar",
    "met": "met",
}
"""Times are net ns per packet; ``quiet`` is the share of rounds that nothing disturbed."""
_WIDTHS = (11, 8, 26, 5, 9, 6, 8, 10, 9, 12, 8, 8, 9, 7, 13, 5, 5, 3)


def _cell(row: Row, field: str) -> str:
    if field == "method":
        return str(row["method"] or row["mode"])
    if field == "quartiles":
        return f"{row['ratio_low']:.2f}-{row['ratio_high']:.2f}"
    value = row[field]
    if value is None or isinstance(value, bool):
        return _NAMES[value]
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cells(row: Row, shown: Columns) -> list[str]:
    return [_cell(row, field) for field in shown.values()]


def _line(cells: Sequence[str], shown: Columns, widths: Sequence[int]) -> str:
    sides = ["<" if field in _WORDS else ">" for field in shown.values()]
    return "  ".join(
        f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True)
    ).rstrip()


def table(rows: Sequence[Row], shown: Columns = RATIOS) -> Iterator[str]:
    """For a terminal."""
    if not rows:
        return
    lines = [list(shown), *(_cells(row, shown) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield _line(line, shown, widths)


def one(row: Row) -> str:
    """A row of ratios while the others are being measured."""
    return _line(_cells(row, RATIOS), RATIOS, _WIDTHS)


def markdown(rows: Sequence[Row], shown: Columns = RATIOS) -> Iterator[str]:
    """The same as a Markdown table."""
    if not rows:
        return
    yield f"| {' | '.join(shown)} |"
    yield f"|{'|'.join('---' if field in _WORDS else '--:' for field in shown.values())}|"
    for row in rows:
        yield f"| {' | '.join(_cells(row, shown))} |"
