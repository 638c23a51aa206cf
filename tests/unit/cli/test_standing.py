# SPDX-License-Identifier: Apache-2.0
"""`real drain`, `real disable` and `real enable`."""

from __future__ import annotations

import json

import pytest

from dsrlb.control.revisions.authors import own
from tests.unit.api.fake import FakeController
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    ("verb", "state", "says"),
    [
        ("drain", "drain", "web 10.0.0.11: gets no new flows\n"),
        ("disable", "disabled", "web 10.0.0.11: is out\n"),
        ("enable", "enabled", "web 10.0.0.11: may have new flows\n"),
    ],
)
def test_orders(run: Run, daemon: FakeController, verb: str, state: str, says: str) -> None:
    result = run("real", verb, "web", "10.0.0.11")
    assert (result.exit_code, result.stdout) == (0, says)
    assert daemon.calls == [("set_state", "web", "10.0.0.11", state, own())]
    rows = json.loads(run("real", verb, "web", "10.0.0.11", "--json").stdout)
    row = {"service": "web", "address": "10.0.0.11", "state": state, "warning": ""}
    assert rows == [row]


@pytest.mark.parametrize("more", [(), ("--wait", "1"), ("--json",)])
def test_the_last_one(run: Run, daemon: FakeController, more: tuple[str, ...]) -> None:
    daemon.opened = [0]
    daemon.warning = 'web: no real server is up: new flows are dropped (all_down = "drop")'
    result = run("real", "drain", "web", "10.0.0.11", *more)
    assert (result.exit_code, result.stderr) == (0, f"warning: {daemon.warning}\n")


def test_drain_waits_until_nothing_is_left(run: Run, daemon: FakeController) -> None:
    daemon.opened = [3, 3, 1, 0]
    result = run("real", "drain", "web", "10.0.0.11", "--wait", "60s")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "3 connections left",
        "1 connection left",
        "0 connections left",
    ]


def test_drain_waits_no_longer(run: Run, daemon: FakeController) -> None:
    daemon.opened = [7]
    result = run("real", "drain", "web", "10.0.0.11", "--wait", "1")
    assert result.exit_code == 1
    assert result.stdout == "7 connections left\n"
    assert "7 connections are left after 1 s" in result.stderr
    assert "`dsrlb real disable web 10.0.0.11` ends them" in result.stderr
    assert "`dsrlb flows --real 10.0.0.11` shows them" in result.stderr


def test_drain_tells_programs_what_is_left(run: Run, daemon: FakeController) -> None:
    daemon.opened = [2, 0]
    result = run("real", "drain", "web", "10.0.0.11", "--wait", "1m", "--json")
    assert json.loads(result.stdout)[0]["left"] == 0


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "", "5d"])
def test_no_time(run: Run, daemon: FakeController, text: str) -> None:
    result = run("real", "drain", "web", "10.0.0.11", "--wait", text)
    assert result.exit_code == 2
    assert "is no time such as 60s" in result.stderr
    assert daemon.calls == []
