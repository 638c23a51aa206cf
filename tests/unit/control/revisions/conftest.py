# SPDX-License-Identifier: Apache-2.0
"""An instance with something to save, and a backup of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.control.revisions import backup
from dsrlb.control.state import State
from dsrlb.paths import Paths, for_instance
from tests.unit.control.revisions.backups import CONFIG, database


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """An instance with a configuration, its source, and revisions."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = for_instance("main")
    state = State(found)
    state.save_config(CONFIG)
    state.remember_source(tmp_path / "a.toml")
    (found.state / "admin.json").write_text("[]")
    state.save_features({"eth0": {"rx-vlan": True}})
    with closing(database(found)) as revisions:
        revisions.execute("PRAGMA journal_mode = WAL")
        revisions.execute("CREATE TABLE revision (number INTEGER)")
        revisions.execute("INSERT INTO revision VALUES (1)")
        revisions.commit()
    return found


@pytest.fixture
def saved(paths: Paths, tmp_path: Path) -> Path:
    """A backup of it."""
    file = tmp_path / "b.tar.gz"
    backup.save("main", file)
    return file
