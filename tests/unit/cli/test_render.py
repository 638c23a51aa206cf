# SPDX-License-Identifier: Apache-2.0
"""Numbers for people, and the man page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dsrlb.cli.main import cli
from dsrlb.cli.man import page
from dsrlb.cli.numbers import age, count, octets
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import real_row
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (99_999, "99,999"),
        (100_000, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (12_345_678, "12.3M"),
        (2**64 - 1, "18.4E"),
        (10**22, "10000E"),
    ],
)
def test_count(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (1000, "1.00 kB"), (9_995_000, "10.0 MB")]
)
def test_octets(number: int, text: str) -> None:
    assert octets(number) == text


@pytest.mark.parametrize(
    ("since", "text"),
    [
        ("2024-05-01T12:00:00+00:00", "0s"),
        ("2024-05-01T11:59:18+00:00", "42s"),
        ("2024-05-01T11:56:48+00:00", "3m 12s"),
        ("2024-05-01T09:55:00+00:00", "2h 5m"),
        ("2024-04-27T09:00:00+00:00", "4d 3h"),
        ("2024-05-01T12:00:09+00:00", "0s"),
        ("", "-"),
    ],
)
def test_age(since: str, text: str) -> None:
    assert age(since, datetime(2024, 5, 1, 12, tzinfo=UTC)) == text


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize(
    ("milliseconds", "passed", "text"),
    [
        (0.048, 0.0, "0.048 ms"),
        (0.9996, 9.9, "1.00 ms"),
        (12.34, 1.0, "12.3 ms"),
        (1234.5, 12.4, "1234 ms"),
        (68719.477, 4.0, "68719 ms"),
    ],
)
def test_response_times(
    run: Run,
    daemon: FakeController,
    columns: str,
    milliseconds: float,
    passed: float,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert "RESPONSE" not in run("reals").stdout
    measured = {"response_ms": milliseconds, "response_age": passed}
    first = real_row("10.0.0.11", "up", "")
    rows = [{**first, **measured}, real_row("10.0.0.12", "up", "")]

    async def reals(service: str | None) -> list[Any]:
        return rows

    monkeypatch.setattr(daemon, "reals", reals)
    shown = run("reals").stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert "RESPONSE" in lines[0]
    assert text in lines[1]
    assert ("12s ago" in lines[2]) == (passed > 10)
    assert shown.count(" ms") == 1


def test_the_man_page_has_every_command() -> None:
    text = page(cli)
    for command in (
        "dsrlb flows",
        "dsrlb flows drop",
        "dsrlb run",
        "dsrlb reals [SERVICE]",
        "dsrlb service add NAME",
    ):
        assert f'.SS "{command}' in text
    assert "dsrlb man" not in text
    assert '.SS "dsrlb real\\-server setup' in text


def test_the_man_page_uses_known_requests_only() -> None:
    requests = {line.split()[0] for line in page(cli).splitlines() if line[0] in ".'"}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B"}


def test_who_starts_slowly(
    run: Run, daemon: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {**real_row("10.0.0.11", "up", "slow start, 18 s left"), "share": 40}
    second = {**real_row("10.0.0.12", "drain", "by root"), "share": 40}

    async def reals(service: str | None) -> list[Any]:
        return [first, second]

    monkeypatch.setattr(daemon, "reals", reals)
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("reals").output
    assert "starting 40 %: slow start, 18 s left" in shown
    assert "drain: by root" in shown


def test_a_row_is_a_line_in_a_pipe(
    run: Run, daemon: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is, and without what fills it up to the longest."""
    monkeypatch.delenv("COLUMNS")
    long = {"id": 1, "time": "t", "level": "info", "kind": "apply", "message": "x " * 200 + "end"}
    short = {**long, "id": 2, "message": "short"}
    monkeypatch.setattr(daemon, "events", lambda since: [long, short])
    lines = run("events").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", "1", "2"]
    assert lines[1].endswith(" x end")
    assert lines[2].endswith(" short")
