# SPDX-License-Identifier: Apache-2.0
"""The page of a comparison: whole, of one file, and saying what was measured."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lablib.compare.cases import CASES
from lablib.compare.charts import WIDTH, took
from lablib.compare.clients import LIMIT
from lablib.compare.comparison import Comparison
from lablib.compare.figures import Result
from lablib.compare.page import page
from lablib.compare.scenarios import BUSY, FAR
from tests.unit.lablib import compared
from tests.unit.lablib.test_pages import Reader


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(page(compared.comparison()))


def test_every_case_is_on_it(read: Reader) -> None:
    for case in CASES:
        assert read.text.count(case.name) >= 2
        assert case.choose in read.text
        assert case.beware in read.text
    cards = len(CASES) + len(FAR.cases(CASES))
    assert read.elements["section"] == cards
    assert read.elements["polyline"] == cards * len(compared.WEIGHTS)


def test_every_scenario_is_on_it(read: Reader) -> None:
    assert BUSY.title in read.text and FAR.title in read.text
    assert "r1, r4, r6 are 40 ms away" in read.text
    assert read.text.count("r2 is slow") == 2 + len(CASES)  # the sentence, the column, the drawings


def test_it_needs_no_other_file(read: Reader) -> None:
    assert not {"script", "link", "img", "iframe"} & set(read.elements)
    assert not [value for name in ("src", "href") for value in read.values(name)]
    assert "url(" not in read.text and "@import" not in read.text


def test_drawings_stay_within_their_frames(read: Reader) -> None:
    height = next(
        float(value.split()[3])
        for value in read.values("viewbox")
        if value.startswith(f"0 0 {WIDTH} ")
    )
    points = [
        tuple(map(float, pair.split(",")))
        for text in read.values("points")
        for pair in text.split()
    ]
    assert points
    assert all(0 <= x <= WIDTH and 0 <= y <= height for x, y in points)
    for name in ("x", "x1", "x2", "cx", "y", "y1", "y2"):
        assert all(0 <= float(value) <= max(WIDTH, height) for value in read.values(name))


def test_colours_are_those_of_light_and_dark(read: Reader) -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", read.text))
    light, dark = read.text.split("prefers-color-scheme:dark", 1)
    for name in used:
        assert f"--{name}:" in light + dark
    for number in range(len(compared.WEIGHTS)):
        assert read.text.count(f"--real{number}:") == 2


def test_how_late_clients_were_is_told() -> None:
    results = [compared.one(case, 0.02) for case in CASES[:2]]
    results[1] = replace(results[1], late=0.0312)
    assert "began no more than 31 ms after their time" in _page(*results).text


def _page(*results: Result) -> Reader:
    part = replace(compared.part(BUSY, ()), results=results)
    return Reader(page(Comparison(compared.DATE, [part])))


def test_who_fails_is_told() -> None:
    read = _page(compared.one(CASES[0], None))
    sent = len(compared.part(BUSY, ()).load)
    assert f"0 of {sent:,} answered" in read.text
    assert f"over {LIMIT:g} s" in read.text


def test_what_is_much_worse_than_the_best_is_marked() -> None:
    took = (0.02, 0.05, 0.2)
    read = _page(*(compared.one(case, time) for case, time in zip(CASES, took, strict=False)))
    cells = [value for value in read.values("class") if value.startswith("number ")]
    assert cells == ["number good"] * 5 + ["number bad"] * 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0204, "20 ms"), (0.9, "900 ms"), (1.24, "1.2 s"), (LIMIT, f"over {LIMIT:g} s")],
)
def test_times_for_people(seconds: float, text: str) -> None:
    assert took(seconds) == text
