# SPDX-License-Identifier: Apache-2.0
"""Commands that show."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dsrlb.api import server
from dsrlb.cli.client import Client
from dsrlb.config import parse
from dsrlb.config.render import to_tables
from dsrlb.control.views import ServiceRow
from dsrlb.errors import DsrlbError, StateError
from dsrlb.paths import for_instance
from tests.unit.api.fake import FakeController, served
from tests.unit.api.fakerows import SERVICE
from tests.unit.cli.conftest import Run

NOUNS = ("status", "services", "reals", "macs", "stats", "events")
HEAVY = ("fastapi", "starlette", "uvicorn", "pydantic", "pyroute2", "numpy", "bcc", "asyncio")


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("columns", ["80", "120"])
def test_tables_fit(
    run: Run, daemon: FakeController, noun: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = run(noun)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip()
    assert max(map(len, result.stdout.splitlines())) <= int(columns)


def test_json_is_what_the_api_said(run: Run, daemon: FakeController) -> None:
    assert json.loads(run("services", "--json").stdout) == [SERVICE]


def test_tables_round_and_json_does_not(run: Run, daemon: FakeController) -> None:
    table = run("services").stdout
    assert "1.23M" in table
    assert "9.88 GB" in table
    assert '"packets": 1234567' in run("services", "--json").stdout


def test_a_service_that_nobody_serves(
    run: Run, daemon: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not look as if all were well."""

    async def services() -> list[ServiceRow]:
        return [{**SERVICE, "reals_up": 0, "all_down": "all-up"}]

    monkeypatch.setattr(daemon, "services", services)
    shown = run("services").stdout
    assert "0/2" in shown and "all-up" in shown


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize(
    ("exhausted", "shown"),
    [(0, {"80": "", "120": "34 at 2"}), (7, dict.fromkeys(("80", "120"), "34 at 2, 7 refused"))],
)
def test_pools_and_replies(
    run: Run,
    daemon: FakeController,
    columns: str,
    exhausted: int,
    shown: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pool that is exhausted shows on a narrow screen too."""
    monkeypatch.setenv("COLUMNS", columns)
    row: ServiceRow = {
        **SERVICE,
        "mode": "one-arm",
        "reply_packets": 5,
        "reply_bytes": 7_530,
        "pool": {
            "addresses": ["192.0.2.200", "192.0.2.201"],
            "flows": 34,
            "exhausted": exhausted,
        },
    }

    async def services() -> list[ServiceRow]:
        return [row]

    monkeypatch.setattr(daemon, "services", services)
    lines = run("services").stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert ("REPLIES" in lines[0]) == (columns == "120")
    assert ("7.53 kB" in lines[1]) == (columns == "120")
    assert ("POOL" in lines[0]) == bool(shown[columns])
    text = " ".join(line[lines[0].find("POOL") :].strip() for line in lines[1:])
    assert text.startswith(shown[columns])


def test_reals_of_one_service(run: Run, daemon: FakeController) -> None:
    result = run("reals", "web")
    assert daemon.calls == [("reals", "web")]
    words = result.stdout.split()
    assert {"unresolved:", "[yet]"} <= set(words)


def test_reals_of_an_unknown_service(run: Run, daemon: FakeController) -> None:
    result = run("reals", "no such&service=web")
    assert result.exit_code == 1
    assert result.stderr == ("error: there is no service 'no such&service=web'; there are: web\n")


def test_stats_leave_out_what_never_happened(run: Run, daemon: FakeController) -> None:
    lines = run("stats").stdout.splitlines()
    assert lines[0] == "eth0 (veth, generic): attached"
    assert [line.split() for line in lines[2:]] == [["1,234,567", "forwarded"], ["12", "pass"]]


def test_events_since(run: Run, daemon: FakeController) -> None:
    rows = json.loads(run("events", "--since", "1", "--json").stdout)
    assert [row["id"] for row in rows] == [2, 3]


def test_config_show_prints_what_apply_takes(run: Run, daemon: FakeController) -> None:
    result = run("config", "show")
    assert parse(result.stdout, "shown") == daemon.config


def test_config_show_as_json_has_the_same_keys(run: Run, daemon: FakeController) -> None:
    result = run("config", "show", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == to_tables(daemon.config)


def test_every_noun_takes_json(run: Run, daemon: FakeController) -> None:
    for noun in (*((noun,) for noun in NOUNS), ("config", "show")):
        assert json.loads(run(*noun, "--json").stdout), noun


def test_status_says_that_the_file_differs(run: Run, daemon: FakeController) -> None:
    assert "`dsrlb plan /etc/dsrlb/dsrlb.toml` shows how" in run("status").stdout


@pytest.mark.parametrize("arguments", [("status",), ("config", "show"), ("reals", "--json")])
def test_no_daemon(run: Run, no_daemon: None, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        "error: dsrlb is not running (instance main)\n  hint: traffic of main still flows\n"
    )


def test_a_dead_daemons_socket(run: Run, no_daemon: None) -> None:
    path = for_instance("main").socket
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    assert "dsrlb is not running" in run("status").stderr


def test_a_daemon_that_goes_away(run: Run) -> None:
    path = for_instance("main").socket
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        child = subprocess.Popen(
            [sys.executable, "-m", "dsrlb", "status"], stderr=subprocess.PIPE, text=True
        )
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.close()
        _, stderr = child.communicate(timeout=20)
    assert child.returncode == 1
    assert stderr.startswith("error: the daemon went away while it was asked")


def test_a_daemon_that_refuses_before_all_is_sent(root: Path) -> None:
    """It has closed the connection, and has said why."""
    path = for_instance("main").socket
    path.parent.mkdir(parents=True)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
        ThreadPoolExecutor(1) as pool,
    ):
        listener.bind(str(path))
        listener.listen()
        asked = pool.submit(Client("main").post, "/apply", toml="x" * (8 << 20))
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        connection.close()
        with pytest.raises(DsrlbError, match="the daemon has as many connections as it takes"):
            asked.result(20)


@pytest.mark.parametrize("command", [("status",), ("flows",), ("confirm",)])
def test_a_daemon_with_too_many_clients(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(server, "_CONNECTIONS", 1)  # its own is one
    with served(for_instance("main").socket):
        result = run(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: the daemon has as many connections as it takes\n")


def test_another_instance(run: Run, daemon: FakeController, no_daemon: None) -> None:
    result = run("--instance", "second", "status")
    assert "not running (instance second)" in result.stderr
    assert daemon.calls == []


def test_a_bad_instance_name_is_wrong_usage(run: Run) -> None:
    result = run("--instance", "../x", "status")
    assert result.exit_code == 2
    assert "'../x' is not usable" in result.stderr


def test_what_the_daemon_refuses(run: Run, daemon: FakeController) -> None:
    daemon.broken = StateError("no", hint="ask again")
    result = run("status")
    assert result.exit_code == 1
    assert result.stderr == "error: no\n  hint: ask again\n"


@pytest.mark.parametrize(
    "arguments", [("status",), ("run",), ("detach",), ("real", "remove", "a", "b")]
)
def test_without_root_one_line(
    run: Run, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DSRLB_ROOT")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "needs root" in result.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("man",), ("--version",)])
def test_help_needs_no_root(
    run: Run, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DSRLB_ROOT")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run(*arguments).exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("status",), ("services", "--json"), ("reals", "web"), ("flows",), ("--help",)]
)
def test_nouns_import_nothing_heavy(daemon: FakeController, arguments: tuple[str, ...]) -> None:
    """Nor does the help, which has every command imported."""
    program = (
        "import json, sys\n"
        "from dsrlb.cli.main import cli\n"
        "cli(sys.argv[1:], prog_name='dsrlb', standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert set(json.loads(child.stderr)) & set(HEAVY) == set()
    assert "web" in child.stdout or "main" in child.stdout
