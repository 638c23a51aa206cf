# SPDX-License-Identifier: Apache-2.0
"""Backups: what is saved comes back, and nothing else does whatever a file says."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import resource
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsrlb.config import dump, parse
from dsrlb.control.revisions import archive, backup
from dsrlb.control.state import State
from dsrlb.errors import ConfigError, StateError
from dsrlb.paths import Paths, for_instance
from tests.unit.api.fakerows import TOML

CONFIG = dump(parse(TOML, "x"))
OTHER = CONFIG.replace("10.0.0.12", "10.0.0.13")
SAVED = {"config.toml", "source", "revisions.db", "admin.json"}


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


def database(paths: Paths) -> sqlite3.Connection:
    """The revisions."""
    return sqlite3.connect(paths.state / "revisions.db")


def numbers(paths: Paths) -> list[int]:
    """Of all revisions."""
    with closing(database(paths)) as revisions:
        return [number for (number,) in revisions.execute("SELECT number FROM revision")]


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but the lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def manifest_of(file: Path) -> dict[str, Any]:
    """As it stands in a backup."""
    with tarfile.open(file) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
        return found


def rewritten(file: Path, **changes: bytes | None) -> Path:
    """A copy with members (dots as _) changed, added, or (None) left out; the manifest as it was,
    if it is not one of them."""
    with tarfile.open(file) as tar:
        members = {info.name: tar.extractfile(info) for info in tar}
        contents = {name: member.read() for name, member in members.items() if member}
    for name, value in changes.items():
        name = name.replace("_", ".")
        if value is None:
            del contents[name]
        else:
            contents[name] = value
    new = file.with_name("rewritten.tar")
    with tarfile.open(new, "w") as tar:
        for name, value in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(value)
            tar.addfile(info, io.BytesIO(value))
    return new


def refused(file: Path, says: str, paths: Paths) -> None:
    """A restore changes nothing and says why."""
    before = content(paths.state)
    with pytest.raises(StateError) as caught:
        backup.restore("main", file)
    assert says in caught.value.message
    assert str(file) in caught.value.message
    assert content(paths.state) == before


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


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"config_toml": OTHER.encode()}, "config.toml is not what the manifest says"),
        ({"source": b"/x\n"}, "source is not what the manifest says"),
        ({"source": None}, "has no source, which its manifest names"),
        ({"manifest_json": None}, "is no backup of dsrlb"),
        ({"manifest_json": b"{"}, "is no backup of dsrlb"),
        ({"manifest_json": b"[" * 100_000}, "is no backup of dsrlb"),
        ({"manifest_json": b'{"format": 2, "version": "9.1"}'}, "made by dsrlb 9.1 (format 2)"),
        ({"manifest_json": b'{"format": 1, "version": "99.0"}'}, "made by dsrlb 99.0 (format 1)"),
        ({"manifest_json": b'{"format": 1}'}, "the manifest does not name admin.json, config.toml"),
        ({"etc": b""}, "holds 'etc', which no backup does"),
        ({"../x": b""}, "holds '../x', which no backup does"),
        ({"/etc/passwd": b""}, "holds '/etc/passwd', which no backup does"),
    ],
)
def test_tampered(paths: Paths, saved: Path, changes: dict[str, bytes | None], says: str) -> None:
    if any("/" in name for name in changes):
        ((name, _),) = changes.items()
        file = saved.with_name("slashes.tar")
        with tarfile.open(file, "w") as tar:
            tar.addfile(tarfile.TarInfo(name.replace("...", "..")))
    else:
        file = rewritten(saved, **changes)
    refused(file, says, paths)


def resealed(file: Path, **changes: bytes) -> Path:
    """A copy whose manifest fits what was changed."""
    found = archive.read(file)
    members = {**found.members, **{name.replace("_", "."): new for name, new in changes.items()}}
    new = file.with_name("resealed")
    archive.write(new, archive.Backup(found.instance, found.time, members))
    return new


def test_what_fits_its_manifest_and_is_wrong(paths: Paths, saved: Path) -> None:
    refused(resealed(saved, revisions_db=b"x" * 5000), "revisions.db is damaged", paths)
    refused(resealed(saved, config_toml=b"\xff"), "config.toml is not UTF-8 text", paths)
    before = content(paths.state)
    with pytest.raises(ConfigError) as caught:
        backup.restore("main", resealed(saved, config_toml=b"[balancer]\n"))
    assert caught.value.problems[0].file.endswith("resealed(config.toml)")
    assert content(paths.state) == before


def test_a_database_with_a_damaged_page(paths: Paths, saved: Path) -> None:
    raw = bytearray(archive.read(saved).members["revisions.db"])
    raw[4096:4200] = b"\xff" * 104
    refused(resealed(saved, revisions_db=bytes(raw)), "revisions.db is damaged", paths)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_members_that_are_no_files(paths: Paths, tmp_path: Path, kind: bytes) -> None:
    file = tmp_path / "b.tar"
    with tarfile.open(file, "w") as tar:
        info = tarfile.TarInfo("config.toml")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    refused(file, "is no plain file", paths)


def test_a_member_that_stands_twice(paths: Paths, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    with tarfile.open(file, "w") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("config.toml"))
    refused(file, "stands twice", paths)


def test_a_file_with_holes(paths: Paths, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("config.toml")
        info.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 50)}
        tar.addfile(info)
    refused(file, "is no plain file", paths)


def test_more_than_fits(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    file = tmp_path / "bomb"
    file.write_bytes(gzip.compress(bytes(2 << 20)))
    refused(file, "more than 1 MiB", paths)


@pytest.mark.parametrize("raw", [b"", b"no backup", b"\x1f\x8b", bytes(10240), b"\xff" * 2000])
def test_what_is_no_backup(paths: Paths, tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "b"
    file.write_bytes(raw)
    refused(file, "is no backup of dsrlb", paths)


def test_a_file_that_is_not_there(paths: Paths, tmp_path: Path) -> None:
    refused(tmp_path / "none", "No such file", paths)


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar"])
def test_cut_off_anywhere(paths: Paths, tmp_path: Path, name: str) -> None:
    """What is cut off is refused, but for the zeros at the end of a tar."""
    file, cut = tmp_path / name, tmp_path / "cut"
    backup.save("main", file)
    whole = archive.read(file)
    raw = file.read_bytes()
    last = len(raw) if name == "b.tar.gz" else len(raw.rstrip(b"\0"))
    for length in range(0, last, 97):
        cut.write_bytes(raw[:length])
        with pytest.raises(StateError):
            archive.read(cut)
    cut.write_bytes(raw)
    assert archive.read(cut) == whole


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_damage_is_found(paths: Paths, tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    file, damaged = tmp_path / "whole.tar", tmp_path / "damaged.tar"
    if not file.exists():
        backup.save("main", file)
    raw = bytearray(file.read_bytes())
    for place, value in damage:
        raw[place % len(raw)] = value
    damaged.write_bytes(raw)
    try:
        found = archive.read(damaged)
    except StateError:
        return
    # Times and owners of members, or a word of the manifest, may differ.
    assert found.members == archive.read(file).members


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_no_backup(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "b"
    file.write_text("older")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(StateError, match=r"cannot write .*/b: No space left on device"):
        backup.save("main", file)
    assert file.read_text() == "older"
    assert not list(tmp_path.glob(".new-*"))


@pytest.mark.parametrize("step", ["mkdtemp", "fsync", "link"])
def test_a_full_disk_restores_nothing(
    paths: Paths, saved: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    State(paths).save_config(OTHER)
    before = content(paths.state)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile if step == "mkdtemp" else os, step, full)
    with pytest.raises(StateError, match=r"cannot write to .*: No space left on device"):
        backup.restore("main", saved)
    monkeypatch.undo()
    assert content(paths.state) == before


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Writes beyond this fail, as on a disk that is full (EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room_in_earnest(paths: Paths, saved: Path, tmp_path: Path) -> None:
    """Where the kernel refuses the bytes themselves, in the middle of a file."""
    State(paths).save_config(OTHER + "# more than SQLite's files have\n" * 2000)
    before = content(paths.state)
    with largest_file(50_000), pytest.raises(StateError, match=r"cannot write .*/c\.tar: File too"):
        backup.save("main", tmp_path / "c.tar")
    with largest_file(1000), pytest.raises(StateError, match=r"cannot write to .*: File too large"):
        backup.restore("main", saved)
    assert not (tmp_path / "c.tar").exists()
    assert not list(tmp_path.glob(".new-*"))
    assert content(paths.state) == before
