# SPDX-License-Identifier: Apache-2.0
"""Tables of rows, the file for people, and what else the machine did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench import report
from tests.bench.cases import DIRECT, FEW, TRANSLATED, Case, Counts
from tests.bench.machine import shares
from tests.bench.results import Results, Section
from tests.bench.statistics import Summary


def _summary(net: float) -> Summary:
    return Summary(np.array([10.0]), np.array([net]), 10.0, net)


def _row(flows: int = FEW) -> dict[str, Any]:
    return _case(flows).row(_summary(44.0), 1_000_000) | {"quiet": 0.9}


def _case(flows: int = FEW, algorithm: str = "round-robin") -> Case:
    return Case("established", 4, "tcp", flows, "forwarded", algorithm=algorithm)


@pytest.mark.parametrize(("net", "met"), [(44.0, True), (45.0, True), (46.0, False)])
def test_a_bar_is_met_or_not(net: float, met: bool) -> None:
    row = _case().row(_summary(net), 1_000_000)
    assert (row["bar"], row["met"], row["ratio"]) == (4.5, met, net / 10)
    assert row["method"] is None


def test_a_row_without_a_bar() -> None:
    row = _case(flows=2).row(_summary(44.0), 1_000_000)
    assert (row["bar"], row["met"]) == (None, None)
    assert _case().row(_summary(44.0), 1_000_000, cpus=2)["bar"] is None


def test_every_bar_is_measured() -> None:
    """As many as the table of bars has rows, in one direction or both."""
    bars = [case.bar for case in DIRECT + TRANSLATED if case.bar is not None]
    assert sorted(bars) == [3, 3, 3.5, 4.5, 4.5, 5, 6, 6, 6, 6, 6.5, 6.5, 8, 10, 13, 16, 20]


def test_cases_that_have_a_bar_get_more_rounds() -> None:
    counts = Counts(usual=31, bar=101)
    assert counts.of(_case()) == 101
    assert counts.of(_case(flows=2)) == 31


def test_tables() -> None:
    rows = [_row(), _row(flows=2)]
    head, _line, first, second = report.markdown(rows)
    assert head.count("|") == first.count("|") == second.count("|")
    assert first.endswith("| 4.40 | 4.40-4.40 | 0.90 | 4.50 | yes |")
    assert second.endswith("| 4.40-4.40 | 0.90 |  |  |")
    text = list(report.table(rows))
    assert text[1].split()[:2] == ["established", "l2dsr"]
    assert report.one(rows[0]).split() == text[1].split()
    assert list(report.table([])) == list(report.markdown([])) == []


def test_what_is_written(tmp_path: Path) -> None:
    rows = [_row()]
    results = Results({"kernel": "6.18"}, {"rows": rows, "pool": [{"a": 1}]}, {"rows": 1.5})
    sections = (
        Section("rows", "Ratios", report.table, report.markdown),
        Section("pool", "Pool", lambda rows: [f"{len(rows)} rows"]),
        Section("absent", "Absent", report.table),
    )
    results.write(tmp_path, sections, [tmp_path / "some-plot.svg"])
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["machine"] == {"kernel": "6.18"}
    assert content["rows"] == rows
    page = (tmp_path / "RESULTS.md").read_text()
    assert "| kernel | 6.18 |" in page
    assert "## Pool\n\n```\n1 rows\n```" in page
    assert "Absent" not in page
    assert page.endswith("![some plot](some-plot.svg)\n")


def test_what_else_the_machine_did() -> None:
    """Columns: user, nice, system, idle, waiting, interrupts (two), stolen."""
    before = {0: [0] * 8, 1: [100] * 8}
    after = {0: [10, 0, 10, 70, 10, 0, 0, 0], 1: [175, 100, 100, 100, 100, 100, 100, 125]}
    assert shares(before, after, own=1) == {"others_busy": 0.2, "stolen": 0.25}
    assert shares(before, before, own=1) == {"others_busy": 0, "stolen": 0}
