# SPDX-License-Identifier: Apache-2.0
"""A real history in a backup: what ran is what runs after a restore; newer revisions are gone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.config import digest, dump, parse
from dsrlb.control.revisions import backup
from dsrlb.control.revisions.store import New, Outcome, Store
from dsrlb.control.state import State
from dsrlb.paths import Paths, for_instance
from tests.unit.api.fakerows import TOML

FIRST = dump(parse(TOML, "x"))
SECOND = FIRST.replace("10.0.0.12", "10.0.0.13")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """An instance that has nothing yet."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = for_instance("main")
    found.state.mkdir(parents=True)
    return found


def accept(store: Store, paths: Paths, text: str) -> int:
    """Have a configuration in force, as the daemon does it."""
    config = parse(text, "x")
    new = New(uid=0, user="root", said="", what="a file", digest=digest(config), way_back=None)
    number = store.add(new, text).number
    store.record([Outcome(number, "applied")])
    State(paths).save_config(text)
    return number


def running(paths: Paths) -> tuple[int, str]:
    """What the history says."""
    with closing(Store(paths.revisions)) as store:
        found = store.running()
        assert found is not None
        return found.number, store.text(found.number)


def test_the_history_of_a_running_daemon(paths: Paths, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    with closing(Store(paths.revisions)) as store:
        first = accept(store, paths, FIRST)
        assert "revisions.db" in backup.save("main", file)
        accept(store, paths, SECOND)
    assert running(paths)[1] == SECOND
    restored = backup.restore("main", file)
    assert running(paths) == (first, FIRST)
    assert restored.aside is not None
    with closing(Store(restored.aside / "revisions.db")) as aside:
        assert [revision.result for revision in aside.latest()] == ["applied", "applied"]
    with closing(Store(paths.revisions)) as store:
        assert accept(store, paths, SECOND) == first + 1
