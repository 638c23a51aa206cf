# SPDX-License-Identifier: Apache-2.0
"""Results beside earlier ones, and whether the fast path has become slower or larger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsrlb.errors import DsrlbError
from tests.bench.instructions import COUNTS

LIMIT = 1.1
"""By how much an instruction count or a median of ratios may grow."""
_RATIO, _SCALING = "ratio", "scaling"
_GATED = (_RATIO, *COUNTS)
_NUMBERS = ("flows", "capacity", "reals", "cpus", "use_percent", "rate")
"""Numbers that say what a row is of, as words do; others are its figures."""
_NO_FIGURES = ("rounds", "batch")

Row = Mapping[str, Any]
Key = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of one row, earlier and now. ``gated``: it may not grow by more than LIMIT."""

    what: str
    figure: str
    before: float
    after: float
    gated: bool

    @property
    def growth(self) -> float:
        """By what factor. A figure that was 0 and is none now has grown beyond all limits."""
        if self.before == 0:
            return 1.0 if self.after == 0 else float("inf")
        return self.after / self.before

    @property
    def is_regression(self) -> bool:
        """Has it grown by more than it may?"""
        return self.gated and self.growth > LIMIT

    def __str__(self) -> str:
        mark = "  <-- more than 10 %" if self.is_regression else ""
        return (
            f"{self.what:<72} {self.figure:<21} {self.before:>12,.2f} {self.after:>12,.2f} "
            f"{self.growth:>6.2f}x{mark}"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has changed, and rows that are in one of the two results only."""

    changes: list[Change]
    gone: list[str]
    new: list[str]

    @property
    def regressions(self) -> list[Change]:
        """Those that have grown by more than they may."""
        return [change for change in self.changes if change.is_regression]

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        yield from map(str, self.changes)
        if self.gone:
            yield f"not measured this time: {len(self.gone)} of the earlier rows"
        yield from (f"not there earlier: {what}" for what in self.new)
        gated = sum(change.gated for change in self.changes)
        yield f"{len(self.regressions)} of {gated} gated figures have grown by more than 10 %"


def _key(row: Row) -> Key:
    return tuple(
        (name, value)
        for name, value in sorted(row.items())
        if isinstance(value, str) or (name in _NUMBERS and value is not None)
    )


def _name(key: Key) -> str:
    named = dict(key)
    first = [named.pop(name) for name in ("case", "program") if name in named]
    rest = (f"{value:,}" if isinstance(value, int) else str(value) for value in named.values())
    return " ".join([*first, *rest])


def _figures(row: Row) -> dict[str, float]:
    """Of rows that have a ratio, that; of others, all numbers."""
    if _RATIO in row:
        return {name: row[name] for name in (_RATIO, _SCALING) if name in row}
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
        if name not in (*_NUMBERS, *_NO_FIGURES)
    }


def _changes(key: Key, before: Row, after: Row) -> Iterator[Change]:
    now = _figures(after)
    gate = (after.get("cpus", 1) == 1 and "floor_median_ns" in after) or "program" in after
    for figure, earlier in _figures(before).items():
        if figure in now:
            yield Change(_name(key), figure, earlier, now[figure], gate and figure in _GATED)


def compare(before: Iterable[Row], after: Iterable[Row]) -> Comparison:
    """Match rows by what they are of, and their figures with one another."""
    earlier = {_key(row): row for row in before}
    now = {_key(row): row for row in after}
    changes = [
        change
        for key, row in now.items()
        if key in earlier
        for change in _changes(key, earlier[key], row)
    ]
    gone = [_name(key) for key in earlier if key not in now]
    new = [_name(key) for key in now if key not in earlier]
    return Comparison(changes, gone, new)


def rows_of(results: Mapping[str, Any]) -> list[Row]:
    """All rows in results.json, of whatever kind."""
    lists = [value for value in results.values() if isinstance(value, list)]
    return [row for rows in lists for row in rows]


def read(path: Path) -> list[Row]:
    """The same of a file. Raises DsrlbError when it cannot be read, or is something else."""
    hint = "name a results.json of `make bench`"
    try:
        results = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DsrlbError(f"cannot read {path}: {error}", hint) from error
    if not isinstance(results, dict):
        raise DsrlbError(f"{path} holds no results of this bench", hint)
    return rows_of(results)
