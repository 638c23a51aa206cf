# SPDX-License-Identifier: Apache-2.0
"""Before anything is changed the way back is checked and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsrlb.errors import StateError
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import TOML
from tests.unit.cli.conftest import Run

WAY_BACK = "way back: `dsrlb rollback`, to revision 11 (apply f, 2024-05-01T12:00:00+00:00)"
ADD = ("service", "add", "dns", "--vip", "192.0.2.53", "--protocol", "udp", "--port", "53")
CHANGES = (
    ("apply", "FILE"),
    (*ADD, "--real", "10.0.0.11"),
    ("service", "set", "web", "idle_timeout=5m"),
    ("service", "remove", "web"),
    ("real", "add", "web", "10.0.0.13"),
    ("real", "set", "web", "10.0.0.11", "--weight", "9"),
    ("real", "remove", "web", "10.0.0.11"),
    ("rollback",),
)


def named(arguments: tuple[str, ...], file: Path) -> list[str]:
    return [str(file) if one == "FILE" else one for one in arguments]


@pytest.mark.parametrize("arguments", CHANGES, ids=" ".join)
def test_who_loses_the_connection_has_read_it(
    run: Run, daemon: FakeController, file: Path, arguments: tuple[str, ...]
) -> None:
    daemon.lost = True
    result = run(*named(arguments, file))
    assert (result.exit_code, result.stdout) == (1, f"{WAY_BACK}\n")
    assert len(daemon.prepared) == len(daemon.calls) == 1


@pytest.mark.parametrize("arguments", CHANGES, ids=" ".join)
def test_what_is_refused_has_none(
    run: Run, daemon: FakeController, file: Path, arguments: tuple[str, ...]
) -> None:
    """Nothing is changed: a rollback would go one revision too far."""
    daemon.broken = StateError("not here")
    result = run(*named(arguments, file))
    assert (result.exit_code, result.stdout, daemon.calls) == (1, "", [])


def test_beside_json(run: Run, daemon: FakeController, file: Path) -> None:
    result = run("apply", str(file), "--json")
    assert result.stderr == f"{WAY_BACK}\n"
    assert json.loads(result.stdout)["revision"] == 12


def test_what_changes_nothing_has_none(run: Run, daemon: FakeController, file: Path) -> None:
    file.write_text(TOML)
    assert "way back: " not in run("apply", str(file)).stdout


def test_one_that_cannot_be_gone(run: Run, daemon: FakeController, file: Path) -> None:
    daemon.obstacle = "eth0 is gone"
    told = run("apply", str(file)).stdout.splitlines()[0]
    assert told == "way back: none to revision 11 now: eth0 is gone"


def test_one_that_is_gone_by_itself(run: Run, daemon: FakeController, file: Path) -> None:
    told = run("apply", str(file), "--confirm-within", "1m").stdout.splitlines()[0]
    assert told == f"{WAY_BACK}, by itself in 60 s"


def test_another_change_comes_in_between(run: Run, daemon: FakeController, file: Path) -> None:
    """What was told is not so any more: it is checked and told again."""
    daemon.overtaken_by = [21, 20]
    result = run("apply", str(file))
    assert result.exit_code == 0
    assert [line.split(" (")[0] for line in result.stdout.splitlines()[:3]] == [
        f"way back: `dsrlb rollback`, to revision {number}" for number in (11, 20, 21)
    ]
    assert "revision 20 runs by now, not 11 any more: checked again" in result.stderr
    assert len(daemon.calls) == 1


def test_the_way_back_from_another_change_is_not_gone(run: Run, daemon: FakeController) -> None:
    """It was not meant: it would take back what a colleague did, or go one revision too far."""
    daemon.overtaken_by = [20]
    result = run("rollback")
    assert (result.exit_code, daemon.calls, len(daemon.prepared)) == (1, [], 1)
    assert "revision 20 runs by now, not 11 any more" in result.stderr
    daemon.overtaken_by = [21]
    assert run("rollback", "11").exit_code == 0


def test_others_come_all_the_time(run: Run, daemon: FakeController, file: Path) -> None:
    daemon.overtaken_by = list(range(40, 20, -1))
    result = run("apply", str(file))
    assert (result.exit_code, daemon.calls) == (1, [])
    assert "revision 25 runs by now, not 24 any more" in result.stderr.splitlines()[-1]


def test_the_first_revision_has_none() -> None:
    from dsrlb.cli import changes
    from dsrlb.control.views import PreparedView

    view: PreparedView = {
        "hash_before": "",
        "hash_after": "a",
        "changes": [],
        "affects_flows": False,
        "way_back": None,
        "running": None,
        "recorded": True,
        "way_back_what": "",
        "way_back_time": "",
        "way_back_obstacle": "",
    }
    assert changes.way_back_text(view) == "way back: none, there is no earlier revision"
