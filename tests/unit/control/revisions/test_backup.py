# SPDX-License-Identifier: Apache-2.0
"""Backups: what is saved comes back, and what was there before is kept."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import parse
from dsrlb.control.revisions import backup
from dsrlb.control.state import State
from dsrlb.errors import StateError
from dsrlb.paths import Paths, for_instance
from tests.unit.control.revisions.backups import CONFIG, OTHER, content, database

SAVED = {"config.toml", "source", "revisions.db", "admin.json"}


def numbers(paths: Paths) -> list[int]:
    """Of all revisions."""
    with closing(database(paths)) as revisions:
        return [number for (number,) in revisions.execute("SELECT number FROM revision")]


def manifest_of(file: Path) -> dict[str, Any]:
    """As it stands in a backup."""
    with tarfile.open(file) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
        return found


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar", "b"])
def test_there_and_back(paths: Paths, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert set(backup.save("main", file)) == SAVED
    assert file.stat().st_mode & 0o777 == 0o600
    assert (file.read_bytes()[:2] == b"\x1f\x8b") is (name != "b.tar")
    for path in paths.state.iterdir():
        path.unlink()
    restored = backup.restore("main", file)
    assert restored.config == parse(CONFIG, "x")
    assert (set(restored.members), restored.aside) == (SAVED, None)
    assert (paths.saved_config.read_text(), numbers(paths)) == (CONFIG, [1])
    assert State(paths).source() == tmp_path / "a.toml"
    modes = {name: (paths.state / name).stat().st_mode & 0o777 for name in SAVED}
    assert modes == dict.fromkeys(SAVED, 0o600)
    assert {path.name for path in paths.state.iterdir()} == {*SAVED, "lock"}


def test_the_manifest(paths: Paths, saved: Path) -> None:
    found = manifest_of(saved)
    assert (found["format"], found["instance"]) == (1, "main")
    assert set(found["members"]) == SAVED
    assert found["members"]["config.toml"]["bytes"] == len(CONFIG)


def test_what_was_there_is_kept(paths: Paths, saved: Path) -> None:
    State(paths).save_config(OTHER)
    paths.history.write_text('{"last": 9, "lost": ""}')
    with closing(database(paths)) as open_one:
        open_one.execute("INSERT INTO revision VALUES (2)")
        open_one.commit()
        # Still open, so that its log is there: a crash leaves it so.
        restored = backup.restore("main", saved)
        assert restored.aside is not None
        assert (paths.saved_config.read_text(), numbers(paths)) == (CONFIG, [1])
        assert (restored.aside / "config.toml").read_text() == OTHER
        with closing(sqlite3.connect(restored.aside / "revisions.db")) as old:
            assert old.execute("SELECT max(number) FROM revision").fetchone() == (2,)
    assert (paths.state / "features.json").exists()
    assert not paths.history.exists()  # it was of the revisions that are aside


def test_a_backup_without_revisions_puts_them_aside(paths: Paths, tmp_path: Path) -> None:
    """They would say that another configuration is the last one."""
    (paths.state / "revisions.db").rename(tmp_path / "away")
    file = tmp_path / "b"
    backup.save("main", file)
    (tmp_path / "away").rename(paths.state / "revisions.db")
    restored = backup.restore("main", file)
    assert restored.aside is not None
    assert (restored.aside / "revisions.db").exists()
    assert not (paths.state / "revisions.db").exists()


def test_revisions_are_saved_while_they_are_written(paths: Paths, tmp_path: Path) -> None:
    with closing(database(paths)) as writer:
        writer.execute("INSERT INTO revision VALUES (2)")
        writer.commit()
        writer.execute("INSERT INTO revision VALUES (3)")
        backup.save("main", tmp_path / "b")
        writer.rollback()
    backup.restore("main", tmp_path / "b")
    assert numbers(paths) == [1, 2]


def test_nothing_to_save(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="instance other has no saved configuration"):
        backup.save("other", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_revisions_that_cannot_be_read(paths: Paths, tmp_path: Path) -> None:
    (paths.state / "revisions.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match=r"cannot read .*revisions\.db: file is not a database"):
        backup.save("main", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_place_that_is_not_there(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"cannot write .*/b: No such file"):
        backup.save("main", tmp_path / "nowhere" / "b")


def test_not_while_a_daemon_runs(paths: Paths, saved: Path) -> None:
    daemon = State(paths)
    daemon.lock()
    before = content(paths.state)
    with pytest.raises(StateError, match="already run by process") as caught:
        backup.restore("main", saved)
    assert "traffic goes on" in caught.value.hint
    assert content(paths.state) == before
    assert backup.save("main", saved)  # which is no matter
    daemon.unlock()
    backup.restore("main", saved)
    daemon.lock()


def test_another_instance(paths: Paths, saved: Path) -> None:
    with pytest.raises(StateError, match="is of instance 'main', and this is 'other'") as caught:
        backup.restore("other", saved)
    assert "--instance other apply -" in caught.value.hint
    assert not for_instance("other").state.exists()
