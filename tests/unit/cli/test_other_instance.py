# SPDX-License-Identifier: Apache-2.0
"""Commands that other commands name are of the instance that was asked: copied as they stand they
do nothing to another balancer of the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.cli import common, main
from dsrlb.config import dump, parse
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import for_instance
from tests.unit.api.fake import FakeController, served
from tests.unit.api.fakerows import TOML
from tests.unit.cli.conftest import Run

B = ("--instance", "b")
OF_NO_INSTANCE = {"import", "real-server", "man"}


@pytest.fixture
def other(root: Path) -> Iterator[FakeController]:
    """A fake daemon of instance b."""
    with served(for_instance("b").socket) as api:
        yield api.controller


def test_hints(run: Run, other: FakeController) -> None:
    other.broken = StateError(
        "no", hint="`dsrlb rollback` goes back; systemctl restart dsrlb, or dsrlb run -c FILE"
    )
    assert run(*B, "status").stderr == (
        "error: no\n  hint: `dsrlb --instance b rollback` goes back; "
        "systemctl restart dsrlb, or dsrlb --instance b run -c FILE\n"
    )


def test_hints_of_main(run: Run, daemon: FakeController) -> None:
    daemon.broken = StateError("no", hint="`dsrlb rollback` goes back")
    assert run("status").stderr == "error: no\n  hint: `dsrlb rollback` goes back\n"


def test_what_is_of_no_instance(run: Run, other: FakeController) -> None:
    other.broken = StateError("no", hint="`dsrlb real-server undo`; dsrlb has statuses")
    assert "hint: `dsrlb real-server undo`; dsrlb has statuses\n" in run(*B, "status").stderr


def test_status(run: Run, other: FakeController) -> None:
    told = run(*B, "status").stdout
    assert "waits for `dsrlb --instance b confirm`: " in told
    assert "the file differs now: `dsrlb --instance b plan " in told


def test_restore(run: Run, root: Path) -> None:
    State(for_instance("b")).save_config(dump(parse(TOML, "x")))
    file = str(root / "b.tar")
    run(*B, "backup", file)
    assert run(*B, "restore", file).stdout.endswith("\n`dsrlb --instance b run` starts with it\n")


def test_doctor(run: Run) -> None:
    rows = json.loads(run(*B, "doctor", "--json").stdout)
    advice = next(row["advice"] for row in rows if row["name"] == "daemon")
    assert advice == "dsrlb --instance b run"


@pytest.mark.parametrize("name", sorted(main._PLACES))  # a new command is one of either kind
def test_every_command(name: str) -> None:
    named = common._NAMED.search(f"see dsrlb {name}.") is not None
    assert named == (name not in OF_NO_INSTANCE)
