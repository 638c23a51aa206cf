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
    assert rows == [{"service": "web", "address": "10.0.0.11", "state": state}]


def test_drain_waits_until_nothing_is_left(run: Run, daemon: FakeController) -> None:
    daemon.opened = [3, 3, 1, 0]
    result = run("real", "drain", "web", "10.0.0.11", "--wait", "60s")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{n} connections left" for n in (3, 1, 0)]


def test_drain_waits_no_longer(run: Run, daemon: FakeController) -> None:
    daemon.opened = [7]
    result = run("real", "drain", "web", "10.0.0.11", "--wait", "1")
    assert result.exit_code == 1
    assert result.stdout == "7 connections left\n"
    assert "7 connections are left after 1 s" in result.stderr
    assert "`dsrlb real disable` ends them" in result.stderr


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
