# SPDX-License-Identifier: Apache-2.0
"""Backups that are damaged, cut off, forged or none at all: refused before anything changes."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsrlb.control.revisions import archive, backup
from dsrlb.errors import ConfigError, StateError
from dsrlb.paths import Paths
from tests.unit.control.revisions.backups import OTHER, content


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
        ({"manifest_json": b'{"format": 2, "version": "0.0.1"}'}, "made by dsrlb 0.0.1 (format 2)"),
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


def test_no_more_is_unpacked_than_fits(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    file = tmp_path / "bomb"
    file.write_bytes(gzip.compress(bytes(64 << 20)))
    tracemalloc.start()
    try:
        refused(file, "more than 1 MiB", paths)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_one_without_a_configuration(paths: Paths, saved: Path, tmp_path: Path) -> None:
    found = archive.read(saved)
    file = tmp_path / "without"
    archive.write(file, archive.Backup(found.instance, found.time, {"admin.json": b"[]"}))
    refused(file, "has no config.toml", paths)


def test_who_unpacks_it_by_hand_shows_it_to_nobody(saved: Path) -> None:
    with tarfile.open(saved) as tar:
        assert {info.mode for info in tar} == {0o600}


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
