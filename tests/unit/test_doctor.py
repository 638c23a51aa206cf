# SPDX-License-Identifier: Apache-2.0
"""dsrlb doctor: what each finding says of a good and of a bad host."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsrlb.cli.client import Client
from dsrlb.cli.doctor import doctor as command
from dsrlb.control.state import State
from dsrlb.errors import CompileError
from dsrlb.net.links import Link
from dsrlb.observe import doctor
from dsrlb.observe.findings import Finding
from dsrlb.paths import for_instance


def link(kind: str = "", driver: str = "ice", mtu: int = 1500, program: int | None = None) -> Link:
    mode = None if program is None else "native"
    return Link(2, "eth0", "02:00:00:00:00:01", mtu, True, kind, driver, mode, program)


def interface(found: Link, monkeypatch: pytest.MonkeyPatch) -> Finding:
    monkeypatch.setattr(doctor, "list_links", lambda: {"eth0": found})
    return next(f for f in doctor.diagnose() if f.name == "interface eth0")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (link(), "ice, native, MTU 1500, up, no program"),
        (link(driver="dummy"), "dummy, generic"),
        (link(kind="veth", driver="veth"), "veth, generic"),
        (link(kind="vlan", driver="802.1Q VLAN Support"), "not attachable"),
        (link(program=17), "program 17 attached (native)"),
    ],
)
def test_interfaces(found: Link, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = interface(found, monkeypatch)
    assert words in finding.value
    assert finding.ok is None


def test_large_mtu_in_native_mode_is_advised_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MTU" in interface(link(mtu=9000), monkeypatch).advice
    assert interface(link(mtu=9000, driver="dummy"), monkeypatch).advice == ""


def test_missing_headers_fail_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise CompileError("no kernel headers found", hint="apt-get install linux-libc-dev")

    monkeypatch.setattr("dsrlb.dataplane.headers.discover", none)
    (finding,) = [f for f in doctor.diagnose() if f.name == "kernel headers"]
    assert (finding.ok, finding.advice) == (False, "apt-get install linux-libc-dev")


@pytest.mark.parametrize(
    ("release", "ok"),
    [("6.1.0-18-amd64", True), ("5.15.0", True), ("5.10.0-9", False), ("7.0-rc1", True)],
)
def test_old_kernels_fail(release: str, ok: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.release", lambda: release)
    (finding,) = [f for f in doctor.diagnose() if f.name == "kernel"]
    assert finding.ok is ok


def test_the_daemon_is_absent_dead_or_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def daemon() -> bool | None:
        (finding,) = [f for f in doctor.diagnose("x") if f.name == "daemon"]
        return finding.ok

    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    path = tmp_path / "run/dsrlb/x.sock"
    path.parent.mkdir(parents=True)
    assert daemon() is None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert daemon() is True
    assert daemon() is False


@pytest.mark.parametrize(
    ("trouble", "wanted"),
    [(None, []), ("", [True]), ("it has said nothing for 7 s", [False])],
)
def test_whether_real_servers_are_checked(trouble: str | None, wanted: list[bool]) -> None:
    """As the daemon says, if one does."""
    found = [f for f in doctor.diagnose("x", {}, trouble) if f.name == "checks"]
    assert [finding.ok for finding in found] == wanted
    assert not trouble or found[0].value == trouble


def test_a_daemon_of_an_earlier_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the installation and the restart: it knows nothing of checks."""
    answers: dict[str, Any] = {"/stats": [], "/status": {"pid": 7}}
    monkeypatch.setattr(Client, "get", lambda self, path: answers[path])
    result = CliRunner().invoke(command, ["--json"])
    assert "checks" not in [finding["name"] for finding in json.loads(result.stdout)]


def test_bcc_is_not_imported_for_its_version() -> None:
    program = "import sys; from dsrlb.observe.doctor import diagnose; diagnose()"
    program += "; raise SystemExit('bcc' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 1)])
def test_exit_code_and_json(ok: bool | None, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "diagnose", lambda *_: [Finding("thing", ok, "so", "do")])
    result = CliRunner().invoke(command, ["--json"])
    assert result.exit_code == code
    assert json.loads(result.stdout) == [{"name": "thing", "ok": ok, "value": "so", "advice": "do"}]
    assert "thing: so" in CliRunner().invoke(command).stdout


def test_a_daemon_that_starts_has_not_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    path = tmp_path / "run/dsrlb/x.sock"
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    daemon = State(for_instance("x"))
    daemon.lock()
    (finding,) = [f for f in doctor.diagnose("x") if f.name == "daemon"]
    daemon.unlock()
    assert (finding.ok, finding.value) == (None, "does not answer")
    assert f"process {os.getpid()} starts it" in finding.advice
