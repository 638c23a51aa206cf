# SPDX-License-Identifier: Apache-2.0
"""`dsrlb check`: a configuration against this host, or without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsrlb.config import HostFacts
from dsrlb.net import host
from tests.unit.api.fakerows import TOML
from tests.unit.cli.conftest import Run


def test_check(run: Run, eth0: None, file: Path) -> None:
    result = run("check", str(file))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{file}: ok; services: 1, reals: 2 (")


def test_check_against_this_host(run: Run, eth0: None, file: Path) -> None:
    file.write_text(TOML.replace("eth0", "eth7"))
    result = run("check", str(file))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{file}:2: balancer.interfaces = ")


def test_check_offline_asks_nothing(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def asked() -> HostFacts:
        raise AssertionError("this host was looked at")

    monkeypatch.setattr(host, "host_facts", asked)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    file.write_text(TOML.replace("eth0", "eth7"))
    result = run("check", "--offline", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    file.write_text(TOML.replace("eth0", "far-too-long-a-name"))
    assert run("check", "--offline", str(file)).exit_code == 2


def test_check_offline_needs_neither_bcc_nor_netlink(file: Path) -> None:
    """Nor root: it may run where configurations are written."""
    program = (
        "import sys; sys.modules['bcc'] = sys.modules['pyroute2'] = None;"
        "from dsrlb.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "check", "--offline", str(file)]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b": ok; services: 1" in done.stdout


def test_check_offline_knows_the_tables(run: Run, file: Path) -> None:
    vips = [f"192.0.{n >> 8}.{n & 255}" for n in range(4097)]
    file.write_text(TOML.replace('"192.0.2.10"', json.dumps(vips)))
    result = run("check", "--offline", str(file))
    assert result.exit_code == 2
    assert "too many VIPs" in result.stderr


def test_check_offline_and_adopt(run: Run, file: Path) -> None:
    assert run("check", "--offline", "--adopt-vip", str(file)).exit_code == 2
