# SPDX-License-Identifier: Apache-2.0
"""What a start begins with, and with what when that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import parse
from dsrlb.control import start
from dsrlb.control.revisions import confirm
from dsrlb.control.revisions.beginning import Attempt, attempts
from dsrlb.control.revisions.wayback import ran
from dsrlb.errors import ConfigError, Problem, StateError
from tests.unit.control.logs import ROOT, Logs

TOML = """\
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
[[service.real]]
address = "10.0.0.11"
"""

REFUSED = ConfigError([Problem("f", 1, "service[0].health.send", '"s3cret"', "no such thing")])


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    monkeypatch.delenv("DSRLB_CONFIG", raising=False)
    found = Logs()
    found.paths.config_file.parent.mkdir(parents=True)
    yield found
    found.open.close()


def tries(logs: Logs, file: Path | None = None, pinned: bool = True) -> list[Attempt]:
    """What a new daemon would try."""
    return attempts(logs.again(), logs.paths, file, ROOT, pinned, adopt_vip=False)


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every deadline is over."""
    now = confirm.clock()
    monkeypatch.setattr(confirm, "clock", lambda: now + 1e6)


def test_nothing_at_all(logs: Logs) -> None:
    with pytest.raises(StateError, match="no configuration: ") as refused:
        tries(logs)
    assert refused.value.hint == "dsrlb run -c FILE"


def test_files_when_there_is_no_history(logs: Logs) -> None:
    """The saved one is the truth; the other one is for the first start."""
    logs.paths.config_file.touch()
    assert [one.file for one in tries(logs)] == [logs.paths.config_file]
    logs.paths.saved_config.touch()
    assert [one.file for one in tries(logs)] == [logs.paths.saved_config]
    assert not tries(logs)[0].change.unrecorded


def test_what_ran(logs: Logs) -> None:
    logs.apply("a")
    logs.apply("b")
    logs.paths.saved_config.write_text("something else")
    (one,) = tries(logs)
    assert (one.text, one.name) == ("b", "<revision 2>")
    assert one.change.revision == logs.open.running
    assert one.tells == ""


def test_what_was_read_already_is_not_read_again(logs: Logs) -> None:
    """Only if it is what ran, to the letter."""
    config = parse(TOML, "x")
    assert ran(logs.open, logs.state) is None
    logs.apply(TOML)
    assert ran(logs.open, logs.state, TOML, config) is config
    other = ran(logs.open, logs.state, TOML + "#", config)
    assert other == config
    assert other is not config
    logs.apply("what this version cannot read")
    assert ran(logs.open, logs.state, TOML, config) is None


def test_an_empty_configuration_is_none_that_ran(logs: Logs) -> None:
    """Though nothing is the text of one that was read from a file, too."""
    logs.paths.saved_config.touch()
    assert ran(logs.open, logs.state, "", parse(TOML, "x")) is None


def test_what_was_interrupted_comes_first(logs: Logs) -> None:
    logs.apply("a")
    logs.begin("b")
    found = tries(logs)
    assert [one.text for one in found] == ["b", "a"]
    assert found[0].tells == "revision 2 was begun before, and is finished now"
    assert [one.change.unfinished for one in found] == [True, False]


def test_a_file_that_is_named(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    logs.begin("b")
    (one,) = tries(logs, Path("/x.toml"))
    assert (one.file, one.change.what) == (Path("/x.toml"), "run -c /x.toml")
    logs.apply("c", confirm_within=60)
    with pytest.raises(StateError, match="revision 3 waits for confirmation"):
        tries(logs, Path("/x.toml"))
    late(monkeypatch)
    (one,) = tries(logs, Path("/x.toml"))
    assert one.change.ends_waiting


def test_what_waits_goes_on_in_time_and_back_behind_it(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    assert [one.text for one in tries(logs)] == ["b"]
    late(monkeypatch)
    found = tries(logs)
    assert [one.text for one in found] == ["a", "b"]
    assert found[0].tells == "automatic return from 2 to 1: not confirmed in time"
    assert found[0].change.author.user == "dsrlb"


def test_what_was_interrupted_and_had_to_be_confirmed(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.apply("a")
    logs.begin("b", confirm_within=60)
    assert [one.text for one in tries(logs)] == ["b", "a"]
    late(monkeypatch)
    found = tries(logs)
    assert [one.text for one in found] == ["a", "b", "a"]
    assert found[0].change.to == logs.open.get(1)


def test_an_interrupted_way_back_is_begun_with_alone(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the waiting; where it is refused, what waits goes on and is taken back by itself."""
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    logs.begin("a", to=logs.open.get(1), ends_waiting=True)
    late(monkeypatch)
    assert [one.name for one in tries(logs)] == ["<revision 3>", "<revision 2>"]


def test_vips_are_taken_off_whatever_is_begun_with(logs: Logs) -> None:
    logs.apply("a")
    logs.begin("b")
    log = logs.again()
    for adopt in (True, False):
        found = attempts(log, logs.paths, None, ROOT, pinned=True, adopt_vip=adopt)
        assert [one.change.adopt_vip for one in found] == [adopt, adopt]


def test_a_lost_history(logs: Logs) -> None:
    logs.apply("a")
    logs.paths.config_file.touch()
    logs.damage(lambda raw: b"x" * 5000)
    found = tries(logs, pinned=False)
    assert [one.file for one in found] == [logs.paths.saved_config, logs.paths.config_file]
    assert all("the history was lost" in one.change.what for one in found)


def test_a_lost_history_while_something_runs(logs: Logs) -> None:
    """The configuration file may be of any time: it does not replace what runs unasked."""
    logs.apply("a")
    logs.paths.config_file.touch()
    logs.damage(lambda raw: b"x" * 5000)
    assert [one.file for one in tries(logs)] == [logs.paths.saved_config]
    logs.paths.saved_config.unlink()
    logs.damage(lambda raw: b"x" * 5000)
    with pytest.raises(StateError, match=r"What runs goes on as it is") as refused:
        tries(logs)
    assert "`dsrlb run -c FILE`" in refused.value.hint


def test_no_history_to_be_had(logs: Logs) -> None:
    """What is saved goes on, unrecorded."""
    logs.apply("a")
    logs.open.close()
    logs.paths.revisions.unlink()
    logs.paths.revisions.mkdir()
    (one,) = tries(logs)
    assert one.file == logs.paths.saved_config
    assert one.change.unrecorded


class Started:
    """In the place of Balancer.start()'s work: applies what is not refused."""

    def __init__(self, logs: Logs, *refusals: str) -> None:
        self.logs = logs
        self.refusals = refusals

    def __call__(self, *arguments: Any, **_: Any) -> str:
        log, attempt = arguments[2], arguments[3]
        if attempt.text in self.refusals:
            raise REFUSED
        log.applied(log.begin(attempt.change, attempt.text, "d", None), attempt.text)
        return f"balancer with {attempt.text}"


def begun(logs: Logs, monkeypatch: pytest.MonkeyPatch, *refusals: str) -> Any:
    """A start that refuses some configurations."""
    monkeypatch.setattr(start, "_start", Started(logs, *refusals))
    monkeypatch.setattr(start, "pinned", lambda paths: True)
    found = tries(logs)
    return start.begin(logs.paths, logs.state, logs.open, found, lambda: 0.0)[0]


def test_a_refused_one_gives_way_to_what_ran(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    logs.begin("b")
    assert begun(logs, monkeypatch, "b") == "balancer with a"
    assert logs.results() == ["applied", "failed"]
    assert "no such thing" in logs.open.get(2).reason
    (told,) = [text for text in logs.told() if "was refused" in text]
    assert told.startswith("<revision 2> was refused, started with <revision 1>: ")


def test_when_nothing_starts_nothing_is_decided(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not be the configuration's fault: the next start tries the same."""
    logs.apply("a")
    logs.begin("b")
    with pytest.raises(ConfigError):
        begun(logs, monkeypatch, "a", "b")
    assert logs.results() == ["applied", "pending"]


def test_an_automatic_way_back(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    late(monkeypatch)
    assert begun(logs, monkeypatch) == "balancer with a"
    assert logs.results() == ["applied", "reverted", "applied"]
    assert "automatic return from 2 to 1: not confirmed in time" in logs.told()


def test_an_automatic_way_back_that_is_refused(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody confirmed goes on, and waits; the daemon tries again."""
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    late(monkeypatch)
    assert begun(logs, monkeypatch, "a") == "balancer with b"
    assert logs.results() == ["applied", "waiting"]
    assert any(text.startswith("<revision 1> was refused") for text in logs.told())


def test_an_automatic_way_back_whose_text_is_damaged(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends no start."""
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    store = logs.open._database.store
    assert store is not None
    store._connection.execute(
        "UPDATE text SET content = zeroblob(9) WHERE hash = "
        "(SELECT hash FROM revision WHERE number = 1)"
    )
    late(monkeypatch)
    assert begun(logs, monkeypatch) == "balancer with b"
    assert logs.results() == ["applied", "waiting"]
    assert any("the configuration of revision 1 is damaged" in text for text in logs.told())


def test_an_interrupted_one_that_nobody_can_confirm_any_more(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.apply("a")
    logs.begin("b", confirm_within=60)
    late(monkeypatch)
    assert begun(logs, monkeypatch) == "balancer with a"
    assert logs.results() == ["applied", "reverted", "applied"]


def test_an_interrupted_way_back_is_finished(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    logs.apply("b", confirm_within=60)
    logs.begin("a", to=logs.open.get(1), ends_waiting=True)
    assert begun(logs, monkeypatch) == "balancer with a"
    assert logs.results() == ["applied", "reverted", "applied"]


def test_lost_history_and_a_file_that_is_wrong(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    logs.damage(lambda raw: b"x" * 5000)
    with pytest.raises(StateError, match=r"the history was lost: .*no such thing") as refused:
        begun(logs, monkeypatch, "")
    assert "s3cret" not in refused.value.message


def test_a_refusal_names_the_ways_out(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")
    with pytest.raises(ConfigError, match="no such thing") as refused:
        begun(logs, monkeypatch, "a")
    assert "`dsrlb run -c FILE`" in refused.value.hint
    assert "`dsrlb rollback`" in refused.value.hint
