# SPDX-License-Identifier: Apache-2.0
"""Ways back that a daemon takes, asked for or by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import Config, dump, parse
from dsrlb.control.asking import Wanted
from dsrlb.control.revisions import confirm
from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.kept import Kept
from dsrlb.control.revisions.rollback import go_back, prepare_back, revert_expired
from dsrlb.errors import ConfigError, KernelError, UnknownRevision
from tests.unit.api.fakerows import TOML
from tests.unit.control.logs import ALICE, Logs

FIRST = dump(parse(TOML, "first"))
SECOND = dump(parse(TOML.replace("10.0.0.12", "10.0.0.13"), "second"))

THIRD = dump(parse(TOML.replace("10.0.0.12", "10.0.0.14"), "third"))


class Balancer:
    """Accepts everything, unless it is ``broken``."""

    detached = False

    def __init__(self, logs: Logs) -> None:
        self.log = logs.open
        self.events = logs.open.events
        self.broken: Exception | None = None
        self.changes: list[Change] = []
        self.config = parse(TOML, "f")

    def prepare(self, config: Config, origin: Any, change: Change) -> Any:
        return {}

    def accept(self, config: Config, origin: Any, change: Change) -> Any:
        if self.broken is not None:
            raise self.broken
        self.changes.append(change)
        revision = self.log.begin(change, dump(config), "d", None)
        self.log.applied(revision, dump(config))


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    found.apply(FIRST)
    yield found
    found.open.close()


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = confirm.clock()
    monkeypatch.setattr(confirm, "clock", lambda: now + 1e6)


def test_asked_for(logs: Logs) -> None:
    logs.apply(SECOND)
    balancer: Any = Balancer(logs)
    go_back(balancer, None, Wanted(ALICE, adopt_vip=True, confirm_within=60, expected=2))
    (change,) = balancer.changes
    assert (change.author, change.what, change.confirm_within) == (ALICE, "rollback to 1", 60)
    assert (change.adopt_vip, change.expected) == (True, 2)
    assert (change.back_to, change.ends_waiting) == (1, True)
    assert logs.results() == ["applied", "applied", "waiting"]
    assert logs.open.text(3) == FIRST
    with pytest.raises(UnknownRevision):
        go_back(balancer, 9, Wanted(ALICE))


def test_what_was_prepared_is_for_that_revision_alone(logs: Logs) -> None:
    logs.apply(SECOND)
    logs.apply(THIRD)
    balancer: Any = Balancer(logs)
    kept = Kept()
    prepare_back(balancer, 1, Wanted(ALICE), kept)
    go_back(balancer, 2, Wanted(ALICE), kept)
    assert logs.open.text(4) == SECOND
    go_back(balancer, 1, Wanted(ALICE), kept)
    assert logs.open.text(5) == FIRST


def test_a_revision_that_this_version_does_not_read(logs: Logs) -> None:
    logs.apply("[balancer]\ninterfaces = 7\n")
    logs.apply(SECOND)
    balancer: Any = Balancer(logs)
    with pytest.raises(ConfigError, match=r"<revision 2>:2: balancer\.interfaces") as refused:
        go_back(balancer, None, Wanted(ALICE))
    assert "revision 2 cannot run here now" in refused.value.hint
    assert balancer.changes == []


def test_not_confirmed_in_time(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply(SECOND, confirm_within=60)
    balancer: Any = Balancer(logs)
    revert_expired(balancer)
    assert balancer.changes == []  # there is time yet
    late(monkeypatch)
    revert_expired(balancer)
    (change,) = balancer.changes
    assert (change.author.user, change.confirm_within) == ("dsrlb", None)
    assert logs.results() == ["applied", "reverted", "applied"]
    assert "automatic return from 2 to 1: not confirmed in time" in logs.told()
    revert_expired(balancer)  # and nothing waits any more
    assert len(balancer.changes) == 1


def test_a_way_back_that_is_refused_waits_on(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply(SECOND, confirm_within=60)
    late(monkeypatch)
    balancer: Any = Balancer(logs)
    balancer.broken = KernelError("eth0 said no")
    with pytest.raises(KernelError):
        revert_expired(balancer)
    assert logs.results() == ["applied", "waiting"]
    logs.open.confirm(Author(0, "root"))  # late, and still possible
    assert logs.results() == ["applied", "applied"]
    balancer.broken = None
    revert_expired(balancer)
    assert balancer.changes == []


def test_a_detached_balancer_changes_nothing(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply(SECOND, confirm_within=60)
    late(monkeypatch)
    balancer: Any = Balancer(logs)
    balancer.detached = True
    revert_expired(balancer)
    assert balancer.changes == []
