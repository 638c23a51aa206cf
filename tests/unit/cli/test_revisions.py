# SPDX-License-Identifier: Apache-2.0
"""Commands around revisions, against a fake daemon and against none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.config import HostFacts, LinkFact, dump, parse
from dsrlb.control import hostchecks, offline
from dsrlb.control.revisions import offline as offlinerevisions
from dsrlb.control.revisions.authors import own
from tests.unit.api.fake import FakeController
from tests.unit.api.fakerows import REVISION, TOML, WAITING
from tests.unit.cli.conftest import Run
from tests.unit.control.logs import Logs

HEAVIER = TOML + "weight = 3\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "new.toml"
    found.write_text(HEAVIER)
    return found


@pytest.fixture
def saved(no_daemon: None) -> Iterator[Logs]:
    """What a daemon that is gone has left."""
    logs = Logs()
    logs.apply(dump(parse(TOML, "f")))
    logs.apply(dump(parse(HEAVIER, "f")), what="apply f")
    yield logs
    logs.open.close()


def test_history(run: Run, daemon: FakeController) -> None:
    lines = run("history").stdout.splitlines()
    assert lines[0].split() == ["REVISION", "TIME", "USER", "WHAT", "CONFIGURATION", "RESULT"]
    text = " ".join(" ".join(lines[1:]).split())
    assert "root (says: alice)" in text
    assert "applied, running" in text
    assert "waiting for" in text
    assert json.loads(run("history", "--json", "--limit", "1").stdout) == [REVISION]
    assert json.loads(run("history", "--json").stdout) == [REVISION, WAITING]


def test_diff(run: Run, daemon: FakeController) -> None:
    assert run("diff", "11").stdout == "no changes\n"
    assert run("diff", "11", "12", "--text").stdout.endswith("--- a\n+++ b\n")
    assert json.loads(run("diff", "1", "--json").stdout)["before"] == 1
    assert daemon.calls[1] == ("diff", 11, 12, True)


def test_rollback(run: Run, daemon: FakeController) -> None:
    lines = run("rollback").stdout.splitlines()
    assert lines[-1] == "revision 12 is running; back to 11: dsrlb rollback"
    lines = run("rollback", "3", "--confirm-within", "1m").stdout.splitlines()
    assert lines[-1] == (
        "revision 12 is running for 60 s, then 11 by itself; keep it: dsrlb confirm; "
        "back at once: dsrlb rollback"
    )
    run("rollback", "--adopt-vip")
    assert daemon.calls == [
        ("rollback", None, False, None, own()),
        ("rollback", 3, False, 60, own()),
        ("rollback", None, True, None, own()),
    ]


@pytest.mark.parametrize(
    "arguments", [("rollback", "77"), ("diff", "77"), ("config", "show", "77")]
)
def test_unknown_revisions(run: Run, daemon: FakeController, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr == "error: there is no revision 77\n  hint: dsrlb history\n"


@pytest.mark.parametrize("text", ["soon", "0s", "2d", "-1", "1.5s"])
def test_a_time_that_is_none(run: Run, daemon: FakeController, file: Path, text: str) -> None:
    result = run("apply", str(file), "--confirm-within", text)
    assert result.exit_code == 2
    assert "--confirm-within" in result.stderr
    assert daemon.calls == []


def test_apply_that_has_to_be_confirmed(run: Run, daemon: FakeController, file: Path) -> None:
    assert "keep it: dsrlb confirm" in run("apply", str(file), "--confirm-within", "90").stdout
    assert daemon.calls[0][4] == 90
    assert run("confirm").stdout == "revision 12 is confirmed\n"
    assert json.loads(run("confirm", "--json").stdout) == REVISION


def test_no_way_back_is_told(run: Run, daemon: FakeController, file: Path) -> None:
    daemon.obstacle = "eth0 is gone"
    assert run("apply", str(file)).stdout.splitlines()[-1] == (
        "revision 12 is running; no way back to 11 now: eth0 is gone"
    )


def test_the_instance_is_in_commands_to_copy(run: Run, file: Path) -> None:
    from dsrlb.paths import for_instance
    from tests.unit.api.fake import served

    with served(for_instance("second").socket):
        said = run("--instance", "second", "apply", str(file)).stdout
    assert said.endswith("back to 11: dsrlb --instance second rollback\n")


def test_config_show_of_a_revision(run: Run, daemon: FakeController) -> None:
    assert run("config", "show", "3").stdout == TOML
    assert json.loads(run("config", "show", "3", "--json").stdout)["service"][0]["name"] == "web"


def test_status_shows_what_waits(run: Run, daemon: FakeController) -> None:
    text = " ".join(run("status").stdout.split())
    assert "12, way back: 11" in text
    assert "waits for `dsrlb confirm`: 42 s left, then back to 11" in text


def test_without_a_daemon(run: Run, saved: Logs, file: Path) -> None:
    assert "apply f" in run("history").stdout
    assert [row["number"] for row in json.loads(run("history", "--json").stdout)] == [2, 1]
    assert run("diff", "1").stdout.startswith("~ real web 10.0.0.12: weight: 1 -> 3")
    assert run("config", "show", "1").stdout == dump(parse(TOML, "f"))
    assert run("plan", str(file)).stdout.startswith("no changes")
    unknown = run("config", "show", "9")
    assert (unknown.exit_code, "no revision 9" in unknown.stderr) == (1, True)


def test_only_a_daemon_goes_back_by_itself(run: Run, saved: Logs) -> None:
    result = run("rollback", "--confirm-within", "60s")
    assert result.exit_code == 1
    assert "only a daemon can go back by itself" in result.stderr


def test_without_anything(run: Run, no_daemon: None) -> None:
    result = run("history")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no revisions: ")


@pytest.fixture
def idle_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with eth0, on which nothing of dsrlb is pinned."""
    link = LinkFact(ifindex=2, kind="", mac="02:00:00:00:00:01", mtu=1500, up=True)
    monkeypatch.setattr(hostchecks, "host_facts", lambda: HostFacts({"eth0": link}, {}))
    for module in (offline, offlinerevisions):
        monkeypatch.setattr(module, "pinned", lambda paths: False)


def test_a_rollback_for_the_next_start(run: Run, saved: Logs, idle_host: None) -> None:
    saved.open.close()
    before = saved.state.saved_config()
    result = run("rollback")
    assert result.exit_code == 0, result.stderr
    way_back, *told = result.stdout.splitlines()
    assert way_back.startswith("way back: `dsrlb rollback`, to revision 2 (apply f, ")
    assert told == [
        "~ real web 10.0.0.12: weight: 3 -> 1; round-robin goes by no weight",
        "revision 3 is recorded for the next start: dsrlb run",
    ]
    interrupted = saved.again().interrupted
    assert interrupted is not None
    assert (interrupted.number, interrupted.what) == (3, "rollback to 1")
    assert saved.state.saved_config() == before


def test_a_rollback_to_what_cannot_run_here(run: Run, saved: Logs, idle_host: None) -> None:
    saved.apply(dump(parse(TOML.replace("eth0", "eth7"), "f")))
    saved.apply(dump(parse(TOML, "f")))
    result = run("rollback")
    assert result.exit_code == 2
    assert "<revision 3>:2: balancer.interfaces" in result.stderr
    assert "revision 3 cannot run here now; `dsrlb history` lists others" in result.stderr
    assert saved.results() == ["applied"] * 4


def test_a_daemon_that_does_not_answer_yet(run: Run, saved: Logs, idle_host: None) -> None:
    """It has the lock: nobody changes anything beside it."""
    saved.state.lock()
    result = run("rollback")
    assert result.exit_code == 1
    assert "is already run by process" in result.stderr
    assert saved.results() == ["applied"] * 2
