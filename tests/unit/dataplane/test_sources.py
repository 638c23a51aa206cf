# SPDX-License-Identifier: Apache-2.0
"""What a daemon compiles when it has run for a while is of the version that it is of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsrlb import paths
from dsrlb.dataplane import artifact, sources
from dsrlb.dataplane.artifact import build, part
from dsrlb.dataplane.sources import Sources
from dsrlb.errors import CompileError, SourcesChanged


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of C files: two parts, of which each includes a file of its own and one of both."""
    found = tmp_path / "ebpf"
    found.mkdir()
    for name in ("both", "a", "b"):
        (found / f"{name}.h").write_text(f"int {name};\n")
    for name in ("a", "b"):
        (found / f"{name}.c").write_text(f'#include "both.h"\n#include "{name}.h"\n')
    compiler = tmp_path / "compile.py"
    compiler.write_text("pass\n")
    monkeypatch.setattr(paths, "ebpf_sources", lambda: found)
    for module in (artifact, sources):
        monkeypatch.setattr(module, "COMPILER", compiler)
    return found


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the compiler got."""
    texts: list[str] = []

    def noted(source: Any) -> dict[str, Any]:
        texts.append(source.text)
        facts = artifact._facts(source.text)
        return {"format": artifact._FORMAT, "programs": {}, "maps": {}, "headers": "", **facts}

    monkeypatch.setattr(artifact, "_compile", noted)
    return texts


def test_nothing_has_changed(folder: Path, tmp_path: Path, compiled: list[str]) -> None:
    known = Sources()
    for cached in (False, True):
        assert build(part("a"), cache=tmp_path, sources=known).cached == cached
    assert len(compiled) == 1


def _edited(path: Path) -> None:
    """With the same size and time, as a package may have it."""
    before = path.stat()
    path.write_text(path.read_text().upper())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["a.c", "a.h", "both.h"])
@pytest.mark.parametrize("change", [_edited, Path.unlink])
def test_a_file_that_has_changed_is_refused(
    folder: Path,
    tmp_path: Path,
    compiled: list[str],
    name: str,
    change: Callable[[Path], None],
) -> None:
    known = Sources()
    change(folder / name)
    with pytest.raises(SourcesChanged, match="since this daemon started") as raised:
        build(part("a"), cache=tmp_path, sources=known)
    assert str(folder / name) in raised.value.message
    assert "restart the daemon" in raised.value.hint
    assert not compiled


def test_a_file_that_is_new_is_refused(folder: Path, tmp_path: Path, compiled: list[str]) -> None:
    known = Sources()
    (folder / "c.c").write_text("int c;\n")
    with pytest.raises(SourcesChanged, match=r"c\.c"):
        build(part("c"), cache=tmp_path, sources=known)
    assert not compiled


def test_what_another_part_includes_may_change(
    folder: Path, tmp_path: Path, compiled: list[str]
) -> None:
    """The program is the same with the files of either version."""
    known = Sources()
    _edited(folder / "b.h")
    build(part("a"), cache=tmp_path, sources=known)
    assert len(compiled) == 1


def test_a_changed_compiler_is_not_used(folder: Path, tmp_path: Path, compiled: list[str]) -> None:
    """What is in the cache needs none."""
    known = Sources()
    build(part("a"), cache=tmp_path, sources=known)
    _edited(tmp_path / "compile.py")
    assert build(part("a"), cache=tmp_path, sources=known).cached
    with pytest.raises(SourcesChanged, match=r"compile\.py"):
        build(part("b"), cache=tmp_path, sources=known)
    assert len(compiled) == 1


def test_a_start_goes_by_what_is_there(folder: Path, tmp_path: Path, compiled: list[str]) -> None:
    Sources()
    _edited(folder / "a.h")
    build(part("a"), cache=tmp_path, sources=Sources())
    (folder / "b.c").unlink()
    (folder / "b.c").symlink_to("nowhere")
    with pytest.raises(CompileError, match=r"b\.c: No such file"):
        Sources()
