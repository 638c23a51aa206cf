# SPDX-License-Identifier: Apache-2.0
"""Commands that run the balancer or give it a whole configuration: plan, apply, run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dsrlb.cli.common import show_error
from dsrlb.config import dump, load, parse
from dsrlb.config.files import LARGEST
from dsrlb.control import start as start_module
from dsrlb.control.revisions.authors import of_uid, own
from dsrlb.control.state import State
from dsrlb.errors import ConfigError, Problem, StateError
from dsrlb.paths import for_instance
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import TOML
from tests.unit.cli.conftest import HEAVIER, Run


def test_apply(run: Run, daemon: FakeController, file: Path) -> None:
    result = run("apply", str(file), "--adopt-vip")
    assert result.exit_code == 0, result.stderr
    assert daemon.calls == [("apply", HEAVIER, str(file), True, None, own())]
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "way back: `dsrlb rollback`, to revision 11 (apply f, 2024-05-01T12:00:00+00:00)"
    )
    assert lines[1].startswith("~ real web 10.0.0.12: weight")
    assert lines[2].startswith("applied: ")
    assert lines[2].endswith("; existing flows: none affected")
    assert lines[3:] == ["revision 12 is running; back to 11: dsrlb rollback"]


def test_apply_of_what_runs_already(run: Run, daemon: FakeController, file: Path) -> None:
    file.write_text(TOML)
    assert run("apply", str(file)).stdout.startswith("no changes (configuration ")


def test_apply_says_who_is_behind_sudo(
    run: Run, daemon: FakeController, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    run("apply", str(file))
    assert daemon.calls[0][-1] == of_uid(os.getuid(), "alice")


def test_plan(run: Run, daemon: FakeController, file: Path) -> None:
    result = run("plan", str(file), "--json")
    assert [change["kind"] for change in json.loads(result.stdout)["changes"]] == ["change"]
    assert daemon.calls == [("plan", HEAVIER, str(file))]


def test_includes_are_merged_before_they_are_sent(
    run: Run, daemon: FakeController, tmp_path: Path
) -> None:
    balancer, services = TOML.split("\n\n", 1)
    (tmp_path / "web.toml").write_text(services)
    main = tmp_path / "main.toml"
    main.write_text(f'include = ["web.toml"]\n{balancer}\n')
    assert run("apply", str(main)).exit_code == 0
    ((_, toml, filename, *_),) = daemon.calls
    assert toml == dump(load(main))
    assert filename == str(main)


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(("include", "line"), [("", 9), ("include = []\n", 10)])
def test_lines_in_a_refusal_are_the_files(
    run: Run, daemon: FakeController, file: Path, include: str, line: int, command: str
) -> None:
    file.write_text(include + TOML)
    daemon.broken = ConfigError([Problem(str(file), 9, "service[0].mode", '"l2dsr"', "not here")])
    result = run(command, str(file))
    assert result.exit_code == 2
    assert result.stderr == f'{file}:{line}: service[0].mode = "l2dsr": not here\n'


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_refusal_names_the_included_file(
    run: Run,
    daemon: FakeController,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """Which is found from the file that was named, wherever one is."""
    balancer, services = TOML.split("\n\n", 1)
    (tmp_path / "d" / "conf.d").mkdir(parents=True)
    (tmp_path / "d" / "conf.d" / "web.toml").write_text(f"\n{services}")
    (tmp_path / "d" / "main.toml").write_text(f'include = ["conf.d/*.toml"]\n{balancer}\n')
    monkeypatch.chdir(tmp_path)
    problem = Problem("x", 40, "service[0].real[1].address", '"10.0.0.12"', "not here")
    interfaces = Problem("x", 3, "balancer.interfaces", '"eth0"', "no such")
    daemon.broken = ConfigError([problem, interfaces])
    result = run(command, "d/main.toml")
    assert result.exit_code == 2
    line = services.splitlines().index('address = "10.0.0.12"') + 2
    assert result.stderr == (
        f'd/conf.d/web.toml:{line}: service[0].real[1].address = "10.0.0.12": not here\n'
        'd/main.toml:3: balancer.interfaces = "eth0": no such\n'
    )
    daemon.broken = None
    assert run(command, "d/main.toml").exit_code == 0


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
def test_an_invalid_file_is_told_line_by_line(
    run: Run, daemon: FakeController, file: Path, command: str
) -> None:
    file.write_text(TOML.replace("10.0.0.11", "10.0.0.300").replace('"tcp"', '"sctp"'))
    result = run(command, str(file))
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert any(line.startswith(f"{file}:7: service[0].protocol = ") for line in lines)
    assert daemon.calls == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_is_validated_is_what_is_sent(
    run: Run, daemon: FakeController, file: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read once: whoever writes it meanwhile does not get around the validation."""
    read_bytes = Path.read_bytes

    def read_and_spoil(path: Path) -> bytes:
        content = read_bytes(path)
        path.write_text("spoilt")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_and_spoil)
    assert run(command, str(file)).exit_code == 0
    assert daemon.calls[0][:2] == (command, HEAVIER)


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_what_config_show_prints_can_be_piped_back(daemon: FakeController, name: str) -> None:
    """Real pipes; the daemon is told a name that is no file's."""
    dsrlb = [sys.executable, "-m", "dsrlb"]
    shown = subprocess.run([*dsrlb, "config", "show"], capture_output=True, check=True, timeout=30)
    for command in ("plan", "apply"):
        done = subprocess.run(
            [*dsrlb, command, name], input=shown.stdout, capture_output=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(b"no changes")
        called, toml, filename = daemon.calls[-1][:3]
        assert (called, toml) == (command, shown.stdout.decode())
        assert filename == ("<stdin>" if name == "-" else "</dev/stdin>")


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
@pytest.mark.parametrize(
    ("given", "error"),
    [
        (TOML.replace('"tcp"', '"sctp"'), '<stdin>:7: service[0].protocol = "sctp": '),
        ("[balancer", "<stdin>:1: TOML = ***: "),
        (b"# \xff", "<stdin>:1: file = <stdin>: not UTF-8 text"),
        ("#" * (LARGEST + 1), "<stdin>: file = 16777217 bytes: over 16 MiB"),
    ],
    ids=["value", "toml", "utf-8", "large"],
)
def test_errors_in_standard_input(
    run: Run, daemon: FakeController, command: str, given: str | bytes, error: str
) -> None:
    result = run(command, "-", given=given)
    assert result.exit_code == 2
    assert result.stderr.startswith(error)
    assert daemon.calls == []


def test_includes_of_standard_input_start_at_the_working_directory(
    run: Run, eth0: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    balancer, services = TOML.split("\n\n", 1)
    (tmp_path / "web.toml").write_text(services)
    monkeypatch.chdir(tmp_path)
    result = run("check", "-", given=f'include = ["web.toml"]\n{balancer}\n')
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("<stdin>: ok; services: 1, reals: 2 (")


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
def test_one_limit_for_every_command(
    run: Run, daemon: FakeController, eth0: None, file: Path, command: str
) -> None:
    """What `check` takes `apply` takes, however long JSON makes it."""
    filler = f"# {'é' * 510}\n"
    count = 2_000_000 // len(filler.encode())
    file.write_text(HEAVIER + filler * count)
    result = run(command, str(file))
    assert result.exit_code == 0, result.stderr
    file.write_text("#" * (LARGEST + 1))
    assert run(command, str(file)).stderr == f"{file}: file = {LARGEST + 1} bytes: over 16 MiB\n"


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
def test_a_file_that_is_not_there(run: Run, command: str) -> None:
    result = run(command, "/nowhere.toml")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_apply_without_a_daemon(run: Run, no_daemon: None, file: Path) -> None:
    result = run("apply", str(file))
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: dsrlb is not running (instance main)\n  hint: `dsrlb run -c {file}` starts it\n"
    )


def test_apply_while_the_daemon_starts(run: Run, file: Path) -> None:
    """Another `dsrlb run` would be refused."""
    daemon = State(for_instance("main"))
    daemon.lock()
    result = run("apply", str(file))
    daemon.unlock()
    assert result.exit_code == 1
    assert f"hint: process {os.getpid()} starts it, or ends it: ask again" in result.stderr


def test_apply_of_standard_input_without_a_daemon(run: Run, no_daemon: None) -> None:
    result = run("apply", "-", given=TOML)
    assert result.exit_code == 1
    assert result.stderr == (
        "error: dsrlb is not running (instance main)\n  hint: traffic of main still flows\n"
    )


def test_plan_without_a_daemon_compares_with_what_is_saved(
    run: Run, no_daemon: None, file: Path
) -> None:
    saved = for_instance("main").saved_config
    saved.parent.mkdir(parents=True)
    saved.write_text(dump(parse(TOML, "saved")))
    result = run("plan", str(file))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("~ real web 10.0.0.12: weight")


def test_plan_without_anything(run: Run, no_daemon: None, file: Path) -> None:
    lines = run("plan", str(file)).stdout.splitlines()
    assert all(line.startswith("+ ") for line in lines[:-2])
    assert lines[-2].startswith("would apply: nothing -> ")
    assert lines[-1] == "existing flows: none affected; no way back: nothing ran before"


def test_run_hands_over(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def main(*arguments: Any, **options: bool) -> int:
        seen.append((*arguments[:2], options))
        return 7

    monkeypatch.setattr(start_module, "main", main)
    assert run("--instance", "b", "run", "-c", str(file), "--force").exit_code == 7
    assert seen == [("b", file, {"force": True, "adopt_vip": False, "fail_open": None})]
    assert run("run", "--fail-open", "1m").exit_code == 7
    assert seen[1][2] == {"force": False, "adopt_vip": False, "fail_open": 60}
    for wrong in ("4s", "soon"):
        result = run("run", "--fail-open", wrong)
        assert result.exit_code == 2
        assert "Invalid value for '--fail-open'" in result.stderr


def test_run_that_cannot_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def main(*_: Any, **__: bool) -> int:
        raise StateError("already run", hint="wait")

    monkeypatch.setattr(start_module, "main", main)
    result = run("run")
    assert (result.exit_code, result.stderr) == (1, "error: already run\n  hint: wait\n")


@pytest.mark.parametrize("terminal", [False, True])
def test_secrets_are_for_who_sits_there(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What goes elsewhere may be kept, as by the journal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    problem = Problem("a.toml", 3, "service[0].health.path", '"?token=s3cret"', "a\npath")
    assert show_error(ConfigError([problem])) == 2
    shown = '"?token=s3cret"' if terminal else "***"
    wanted = rf"a.toml:3: service[0].health.path = {shown}: a\npath"
    assert capsys.readouterr().err == f"{wanted}\n"
