# SPDX-License-Identifier: Apache-2.0
"""Which demos `lab demo` runs, and what it says and leaves of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lablib import cli, demo
from lablib.lab import Lab
from lablib.topofile import demos

NOT_VERIFIED, INTERRUPTED = ["l3dsr-gue"], ["l2dsr"]


class Calls(list[str]):
    """What was done, in order."""

    def record(self, word: str) -> Callable[[Lab], list[str]]:
        """A method of Lab that only says that it was called."""

        def called(lab: Lab) -> list[str]:
            self.append(f"{word} {lab.topology.name}")
            return []

        return called


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(Lab, "up", made.record("up"))
    monkeypatch.setattr(Lab, "down", made.record("down"))
    return made


def _demo(monkeypatch: pytest.MonkeyPatch, calls: Calls, *argv: str, bad: list[str]) -> Result:
    def run(lab: Lab, *, requests: int, download: int, output: Path | None, say: object) -> bool:
        calls.append(f"demo {lab.topology.name} {requests} {download}")
        if bad is INTERRUPTED:
            raise KeyboardInterrupt
        return lab.topology.name not in bad

    monkeypatch.setattr(demo, "run", run)
    return CliRunner().invoke(cli.cli, ["demo", *argv])


def _all() -> list[str]:
    return [f"{word} {name}" for name in demos() for word in ("up", "demo", "down")]


@pytest.mark.parametrize("argv", [(), ("all",)])
def test_all_demos(monkeypatch: pytest.MonkeyPatch, calls: Calls, argv: tuple[str, ...]) -> None:
    result = _demo(monkeypatch, calls, *argv, bad=[])
    assert result.exit_code == 0
    assert [call.removesuffix(" 300 52428800") for call in calls] == _all()
    assert result.output.rstrip().endswith(f"all reports: {demo.DEMOS / 'index.html'}")


def test_one_that_is_not_verified_fails(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    result = _demo(monkeypatch, calls, "--requests", "30", "--download", "5", bad=NOT_VERIFIED)
    assert result.exit_code == 1
    assert "NOT VERIFIED: l3dsr-gue\n" in result.output
    assert [call.removesuffix(" 30 5242880") for call in calls] == _all()


def test_those_that_are_named(
    monkeypatch: pytest.MonkeyPatch, calls: Calls, tmp_path: Path
) -> None:
    argv = ("l3dsr-gue", "l2dsr", "--keep", "--output", str(tmp_path))
    result = _demo(monkeypatch, calls, *argv, bad=[])
    assert result.exit_code == 0
    assert [call.split()[:2] for call in calls] == [
        ["up", "l3dsr-gue"],
        ["demo", "l3dsr-gue"],
        ["up", "l2dsr"],
        ["demo", "l2dsr"],
    ]
    assert f"all reports: {tmp_path / 'index.html'}" in result.output


def test_an_interrupt_ends_all(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    result = _demo(monkeypatch, calls, bad=INTERRUPTED)
    assert result.exit_code == 1
    assert [call.split()[0] for call in calls] == ["up", "demo", "down"]


def test_one_that_is_unknown_stops_before_any_is_built(
    monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    result = _demo(monkeypatch, calls, "l2dsr", "nowhere", bad=[])
    assert "no topology 'nowhere'" in str(result.exception)
    assert calls == []
