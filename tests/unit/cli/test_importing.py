# SPDX-License-Identifier: Apache-2.0
"""dsrlb import: what goes where, and exit codes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dsrlb.config import load, parse
from tests.unit.cli.conftest import Run

KEEPALIVED = """\
virtual_server 192.0.2.1 80 {
  lvs_sched rr
  lvs_method DR
  include reals
@b  ops
}
"""
REALS = "real_server 192.0.2.2 80 {\n}\nreal_server 192.0.2.3 80 {\n}\n"
RULES = "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a file of each format."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k.conf").write_text(KEEPALIVED)
    (tmp_path / "reals").write_text(REALS)
    (tmp_path / "r").write_text(RULES)
    return tmp_path


def test_standard_output(run: Run, folder: Path) -> None:
    result = run("import", "keepalived", "k.conf", "--interface", "ens1", "--interface", "ens2")
    assert result.exit_code == 0, result.stderr
    config = parse(result.stdout, "out.toml")
    assert config.balancer.interfaces == ("ens1", "ens2")
    assert len(config.service[0].real) == 2
    assert result.stdout.startswith("# Imported from k.conf (keepalived).\n")
    assert result.stderr.splitlines() == [
        "k.conf:5: not carried over: @b  ops: which lines count is said by --config-id; without "
        "one, those of @^ do",
        "services: 1, reals: 2; not carried over: 1, approximated: 0",
    ]


def test_a_file(run: Run, folder: Path) -> None:
    result = run("import", "ipvsadm", "r", "-o", "out.toml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert load(folder / "out.toml").service[0].name == "tcp-192.0.2.1-80"
    assert stat.S_IMODE((folder / "out.toml").stat().st_mode) == 0o600
    assert "placeholder" in result.stderr
    assert (folder / "out.toml").stat().st_mode & 0o777 == 0o600, "checks may hold passwords"


@pytest.mark.parametrize(("kind", "text"), [("keepalived", KEEPALIVED), ("ipvsadm", RULES)])
def test_standard_input(run: Run, folder: Path, kind: str, text: str) -> None:
    """Includes are those of the working directory."""
    result = run("import", kind, "-", "-o", "-", given=text)
    assert result.exit_code == 0, result.stderr
    assert len(parse(result.stdout, "out.toml").service) == 1
    assert "<stdin>:1: approximated: balancer.interfaces" in result.stderr


def test_config_id(run: Run, folder: Path) -> None:
    result = run("import", "keepalived", "k.conf", "--interface", "e", "--config-id", "b")
    assert [line.split(": ", 2)[1] for line in result.stderr.splitlines()[:-1]] == [
        "not carried over"
    ]
    assert "one-packet scheduling" in result.stderr


@pytest.mark.parametrize("kind", ["keepalived", "ipvsadm"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"virtual_server 1.2.3.4 80 {\n", "k"),
        (b"\xff\xfe\x00", "k"),
        (b" " * (17 << 20), "over 16 MiB"),
        (b"", "no virtual"),
    ],
)
def test_bad_files(run: Run, folder: Path, kind: str, content: bytes, says: str) -> None:
    (folder / "k").write_bytes(content)
    result = run("import", kind, "k", "-o", "out.toml")
    assert result.exit_code == 2
    assert (result.stdout, (folder / "out.toml").exists()) == ("", False)
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("  hint")]
    assert line.startswith("k:") and says in line


def test_a_file_that_is_not_there(run: Run, folder: Path) -> None:
    result = run("import", "keepalived", "none")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_an_interface_that_is_none(run: Run, folder: Path) -> None:
    result = run("import", "ipvsadm", "r", "--interface", "x" * 16)
    assert result.exit_code == 2
    assert "balancer.interfaces" in result.stderr


def test_a_place_that_cannot_be_written(run: Run, folder: Path) -> None:
    result = run("import", "ipvsadm", "r", "-o", "nowhere/out.toml")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "error: cannot write nowhere/out.toml: No such file or directory"
    )
