# SPDX-License-Identifier: Apache-2.0
"""`dsrlb flows`: rows as they come, counts, dropping, and how little memory a long list takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import ip_network
from itertools import islice, repeat

import pytest

from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.views import FlowRow
from dsrlb.errors import KernelError
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import flow_row
from tests.unit.cli.conftest import Run

SOURCE: FlowRow = {
    "protocol": None,
    "client": "2001:db8::9",
    "client_port": None,
    "vip": None,
    "vip_port": None,
    "service": None,
    "group": "both",
    "real": "fd00::11",
    "real_port": None,
    "pool_address": None,
    "pool_port": None,
    "state": "source",
    "idle": None,
    "expires": 5,
}
MANY = 300_000
MOST_GROWTH = 12 << 10
"""KiB that a list of 300,000 rows (70 MB) may take more than one of a row."""


BEHIND: FlowRow = {
    **flow_row(0),
    "real_port": 8080,
    "pool_address": "192.0.2.200",
    "pool_port": 50_000,
}
"""As flow_row(), of a mode in which replies come back."""


@pytest.mark.parametrize("columns", ["80", "120"])
def test_rows(
    run: Run, daemon: FakeController, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    title, *rows = run("flows").stdout.splitlines()
    assert max(map(len, [title, *rows])) <= int(columns)
    shown = ["tcp", "203.0.113.9:1024", "192.0.2.10:80", "web", "10.0.0.11", "data", "3", "897"]
    if columns == "80":
        shown = [word for word in shown if word not in ("web", "897")]
    assert rows[0].split() == shown
    assert len(rows) == 3
    assert title.index("STATE") == rows[0].index("data")


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (BEHIND, ("10.0.0.11:8080", "192.0.2.200:50000")),
        ({**BEHIND, "pool_address": None, "pool_port": None}, ("10.0.0.11:8080", "-")),
        (flow_row(0), ("10.0.0.11", "-")),
        (SOURCE, ("fd00::11", "-")),
    ],
)
def test_the_other_side_of_the_balancer(
    run: Run,
    daemon: FakeController,
    row: FlowRow,
    shown: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    daemon.pieces = [[row]]
    monkeypatch.setenv("COLUMNS", "136")
    title, line = run("flows").stdout.splitlines()
    assert line[title.index("REAL") : title.index("STATE")].strip() == shown[0]
    assert line[title.index("POOL") :] == shown[1]
    assert max(len(title), len(line)) <= 136
    for narrow in ("80", "120"):
        monkeypatch.setenv("COLUMNS", narrow)
        title, line = run("flows").stdout.splitlines()
        assert line[title.index("REAL") : title.index("STATE")].strip() == row["real"]


def test_a_source(run: Run, daemon: FakeController) -> None:
    daemon.pieces = [[SOURCE]]
    _, row = run("flows", "--state", "source").stdout.splitlines()
    assert row.split() == ["-", "2001:db8::9", "group", "both", "-", "fd00::11", "source", "-", "5"]


def test_nothing(run: Run, daemon: FakeController) -> None:
    daemon.pieces = []
    assert run("flows").stdout == "no flows\n"
    assert run("flows", "--count-by", "vip").stdout == "no flows\n"
    assert json.loads(run("flows", "--json").stdout) == []


def test_json_is_one_array_a_row_a_line(run: Run, daemon: FakeController) -> None:
    shown = run("flows", "--json").stdout
    assert json.loads(shown) == [flow_row(number) for number in range(3)]
    assert len(shown.splitlines()) == 5


def test_counts(run: Run, daemon: FakeController) -> None:
    daemon.pieces = [[{"real": "10.0.0.11", "flows": 12345}, {"real": None, "flows": 2}]]
    shown = run("flows", "--count-by", "real", "--limit", "2").stdout
    assert [line.split() for line in shown.splitlines()] == [
        ["FLOWS", "REAL"],
        ["12,345", "10.0.0.11"],
        ["2", "-"],
    ]
    assert daemon.calls == [("flows", FlowQuery(), "real", 2)]


def test_filters_are_handed_on(run: Run, daemon: FakeController) -> None:
    run("flows", "--client", "10.0.0.0/8", "--state", "open", "--state", "data", "--older", "2m")
    query = FlowQuery(client=ip_network("10.0.0.0/8"), states=("open", "data"), older=120)
    assert daemon.calls == [("flows", query, None, None)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--client", "10.0.0.1/8"), "Invalid value for '--client': '10.0.0.1/8' is no address"),
        (("--vip", "1.2.3.4:x"), "Invalid value for '--vip': 'x' is no port"),
        (("--real", "r1"), "Invalid value for '--real': 'r1' is no address"),
        (("--older", "soon"), "Invalid value for '--older': 'soon' is no time such as"),
        (("--state", "dead"), "Invalid value for '--state': 'dead' is not one of"),
        (("--limit", "0"), "Invalid value for '--limit'"),
        (("--protocol", "udp", "drop"), "options go behind `drop`"),
        (("drop",), "give filters, or --all and none"),
        (("drop", "--all", "--protocol", "udp"), "give filters, or --all and none"),
        (("drop", "--newer", "x"), "Invalid value for '--newer'"),
    ],
)
def test_wrong_usage(
    run: Run, daemon: FakeController, arguments: tuple[str, ...], says: str
) -> None:
    result = run("flows", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert daemon.calls == []


def test_an_unknown_service(run: Run, daemon: FakeController) -> None:
    result = run("flows", "--service", "mail")
    assert result.exit_code == 1
    assert result.stderr == "error: there is no service 'mail'; there are: web\n"


def test_no_daemon(run: Run, no_daemon: None) -> None:
    for arguments in (("flows",), ("flows", "drop", "--all")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("error: dsrlb is not running")


def test_drop(run: Run, daemon: FakeController) -> None:
    result = run("flows", "drop", "--client", "10.0.0.0/8", "--state", "open")
    assert (result.exit_code, result.stdout) == (0, "dropped 1,234 flows\n")
    name, query, who = daemon.calls[0]
    assert (name, query) == (
        "drop_flows",
        FlowQuery(client=ip_network("10.0.0.0/8"), states=("open",)),
    )
    assert who
    assert run("flows", "drop", "--all").exit_code == 0
    assert daemon.calls[1][1] == FlowQuery()


def test_a_list_that_is_cut_off_is_an_error(run: Run, daemon: FakeController) -> None:
    def broken() -> object:
        yield [flow_row(0)]
        raise KernelError("no")

    daemon.pieces = broken()  # type: ignore[assignment]
    result = run("flows")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: the daemon went away while it was asked")


def _most_memory() -> int:
    """Of a `dsrlb flows` of its own, in KiB."""
    child = subprocess.Popen([sys.executable, "-m", "dsrlb", "flows"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_maxrss


def test_a_long_list_takes_no_memory(daemon: FakeController) -> None:
    short = _most_memory()
    rows = [flow_row(number) for number in range(1000)]
    daemon.pieces = islice(repeat(rows), MANY // len(rows))
    assert _most_memory() - short < MOST_GROWTH


def test_whoever_has_seen_enough_ends_the_list(daemon: FakeController) -> None:
    daemon.pieces = repeat([flow_row(number) for number in range(100)])
    child = subprocess.Popen(
        [sys.executable, "-m", "dsrlb", "flows"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert b"PROTO" in child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    child.wait(20)
    assert daemon.stream_ended.wait(5)
