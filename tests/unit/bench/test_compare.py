# SPDX-License-Identifier: Apache-2.0
"""Results beside earlier ones, and what counts as a regression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsrlb.errors import DsrlbError
from tests.bench.compare import compare, read, rows_of


def _row(ratio: float = 4.0, **other: Any) -> dict[str, Any]:
    row = {
        "case": "established",
        "mode": "l2dsr",
        "method": None,
        "family": "ipv4",
        "flows": 4096,
        "cpus": 1,
        "rounds": 101,
        "floor_median_ns": 12.5,
        "median_ns": 50.0,
        "ratio": ratio,
        "bar": 4.5,
        "met": True,
    }
    return row | other


def _program(instructions: int, jited: int = 9_000) -> dict[str, Any]:
    return {
        "case": "program",
        "program": "dsrlb",
        "build": "everything",
        "instructions": instructions,
        "jited_bytes": jited,
    }


@pytest.mark.parametrize(("ratio", "failed"), [(4.3, 0), (4.5, 1), (2.0, 0)])
def test_a_median_of_ratios_may_grow_by_a_tenth(ratio: float, failed: int) -> None:
    found = compare([_row(4.0)], [_row(ratio)])
    assert len(found.regressions) == failed
    (change,) = found.changes
    assert (change.figure, change.growth) == ("ratio", ratio / 4.0)
    assert ("more than 10 %" in str(change)) == bool(failed)


def test_exactly_a_tenth_is_allowed() -> None:
    assert compare([_program(1_000)], [_program(1_100)]).regressions == []
    assert len(compare([_program(1_000)], [_program(1_101)]).regressions) == 1


def test_every_count_of_a_program_is_gated() -> None:
    found = compare([_program(1_000)], [_program(1_000, 12_000)])
    assert [change.figure for change in found.regressions] == ["jited_bytes"]
    assert "program dsrlb everything" in found.regressions[0].what


def test_a_count_that_was_none() -> None:
    assert len(compare([_program(0)], [_program(5)]).regressions) == 1
    assert compare([_program(0)], [_program(0)]).regressions == []


def test_two_cpus_are_told_of_and_not_gated() -> None:
    before = [_row(4.0, cpus=2, scaling=1.4)]
    found = compare(before, [_row(9.0, cpus=2, scaling=1.0)])
    assert [change.figure for change in found.changes] == ["ratio", "scaling"]
    assert found.regressions == []


def test_rows_without_a_ratio_are_told_of_and_not_gated() -> None:
    before = {"case": "status", "median_ms": 100.0, "rounds": 31}
    found = compare([before], [before | {"median_ms": 300.0, "rounds": 5}])
    assert [(change.figure, change.growth) for change in found.changes] == [("median_ms", 3.0)]
    assert found.regressions == []


def test_rows_match_by_what_they_are_of() -> None:
    before = [_row(4.0), _row(9.0, flows=1), _row(7.0, direction="reply")]
    after = [_row(9.5, flows=1), _row(4.1), _row(8.0, method="dscp")]
    found = compare(before, after)
    assert [(change.before, change.after) for change in found.changes] == [(9.0, 9.5), (4.0, 4.1)]
    assert len(found.gone) == len(found.new) == 1
    assert "reply" in found.gone[0]
    assert "dscp" in found.new[0]


def test_what_is_told() -> None:
    lines = list(compare([_row(4.0), _row(4.0, flows=1)], [_row(5.0)]).lines())
    assert "1.25x" in lines[0]
    assert lines[1:] == [
        "not measured this time: 1 of the earlier rows",
        "1 of 1 gated figures have grown by more than 10 %",
    ]


def test_rows_of_all_sections_are_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    content = {"machine": {"cpus": 2}, "seconds": {"rows": 1.0}, "rows": [_row()], "pool": [{}]}
    path.write_text(json.dumps(content))
    assert read(path) == rows_of(content) == [_row(), {}]


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DsrlbError, match=r"other\.json"):
        read(path)
    with pytest.raises(DsrlbError, match="cannot read"):
        read(tmp_path / "none.json")
